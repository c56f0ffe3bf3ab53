'use strict';
// Names for a cell's attachments, and the markdown that shows one.

// Returns a name that no attachment has yet: picture.png, picture-1.png, …
function attachmentName(wanted, attachments) {
  const clean = (wanted || 'picture.png').replace(/[^\w.-]+/g, '-');
  const [, stem, ending] = /^(.*?)(\.[^.]*)?$/.exec(clean);
  for (let count = 0; ; count++) {
    const name = `${stem || 'picture'}${count ? `-${count}` : ''}${ending || ''}`;
    if (!Object.hasOwn(attachments, name)) return name;
  }
}

function insertedText(name) {
  return `![${name}](attachment:${encodeURIComponent(name)})`;
}

module.exports = {attachmentName, insertedText};
