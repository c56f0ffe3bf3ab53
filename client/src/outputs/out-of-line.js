'use strict';
// Large parts of outputs are kept beside the documents and fetched when they are shown.

function isOutOfLine(value) {
  return Boolean(value) && typeof value === 'object' && !Array.isArray(value) && typeof value._blob === 'string';
}

const addressOf = (value, {base, notebookId}) => `${base}/derby/notebooks/${notebookId}/blobs/${encodeURIComponent(value._blob)}`;

// Fetches what an item stands for and calls `draw` with it; says so meanwhile, and if it fails.
function fromBlob(element, value, context, draw, mime) {
  const note = document.createElement('p');
  note.className = 'loading';
  note.textContent = 'Loading a large output…';
  element.append(note);
  fetch(addressOf(value, context)).then(async (response) => {
    if (!response.ok) throw new Error(`status ${response.status}`);
    const loaded = await response.text();
    note.remove();
    draw(/[/+.]json$/.test(mime) ? JSON.parse(loaded) : loaded);
  }).catch((error) => {
    note.textContent = `This output could not be loaded (${error.message}). Run the cell again to make it anew.`;
  });
}

module.exports = {fromBlob, isOutOfLine};
