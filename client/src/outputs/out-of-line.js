'use strict';
// Large parts of outputs are kept beside the documents and fetched when they are shown.

function isOutOfLine(value) {
  return Boolean(value) && typeof value === 'object' && !Array.isArray(value) && typeof value._blob === 'string';
}

// Where a value is served; pictures as what they are, so that an <img> shows them by itself.
function addressOf(value, {base, notebookId}, mime) {
  return `${base}/derby/notebooks/${notebookId}/blobs/${encodeURIComponent(value._blob)}?type=${encodeURIComponent(mime)}`;
}

const problem = (reason) => `This output could not be loaded (${reason}). Run the cell again to make it anew.`;

// Fetches what an item stands for and calls `draw` with it; says so meanwhile, and if it fails.
async function fromBlob(element, value, context, mime, draw) {
  const note = document.createElement('p');
  note.className = 'loading';
  note.textContent = 'Loading a large output…';
  element.append(note);
  try {
    const response = await fetch(addressOf(value, context, mime));
    if (!response.ok) throw new Error(`status ${response.status}`);
    const loaded = await response.text();
    note.remove();
    draw(value.json ? JSON.parse(loaded) : loaded);
  } catch (error) {
    note.textContent = problem(error.message);
    element.replaceChildren(note);
  }
}

// Says so in the place of a picture that does not come.
function watchPicture(element, picture) {
  picture.addEventListener('error', () => {
    const note = document.createElement('p');
    note.className = 'loading';
    note.textContent = problem('the picture did not come');
    element.replaceChildren(note);
  });
}

module.exports = {addressOf, fromBlob, isOutOfLine, watchPicture};
