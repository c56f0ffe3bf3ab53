'use strict';
// Text as a terminal shows it: colours and links.
const {AnsiUp} = require('ansi_up');
const {sanitized} = require('./sanitize');

function ansi(value) {
  const colors = new AnsiUp();
  colors.use_classes = true;
  const block = document.createElement('pre');
  block.dir = 'auto';
  block.append(value.includes('\u001b') || value.includes('://') ? readable(sanitized(linked(colors.ansi_to_html(value)))) : value);
  return block;
}

// Of 256 colours many are too dark or too light for the page: the style sheet draws them towards
// the colour of text. Those on a ground of their own stay as they are.
function readable(fragment) {
  for (const element of fragment.querySelectorAll('[style]')) {
    const {color, backgroundColor} = element.style;
    if (!color || backgroundColor) continue;
    element.style.setProperty('--ansi', color);
    element.style.color = '';
    element.classList.add('ansi-any-fg');
  }
  return fragment;
}

function linked(html) {
  return html.replace(/\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:)\]]/g,
    (url) => `<a href="${url}" target="_blank" rel="noopener noreferrer">${url}</a>`);
}

module.exports = {ansi};
