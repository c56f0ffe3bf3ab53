'use strict';
// Text as a terminal shows it: colours and links.
const {AnsiUp} = require('ansi_up');
const {sanitized} = require('./sanitize');

function ansi(value) {
  const colors = new AnsiUp();
  colors.use_classes = true;
  const block = document.createElement('pre');
  block.dir = 'auto';
  block.append(value.includes('\u001b') || value.includes('://') ? sanitized(linked(colors.ansi_to_html(value))) : value);
  return block;
}

function linked(html) {
  return html.replace(/\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:)\]]/g,
    (url) => `<a href="${url}" target="_blank" rel="noopener noreferrer">${url}</a>`);
}

module.exports = {ansi};
