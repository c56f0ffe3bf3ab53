'use strict';
// Fenced code in markdown, coloured as in a cell once the editors' code is there.
const {loadEditors} = require('./source');

const named = (code) => (/(?:^|\s)language-(\S+)/.exec(code.className) || [])[1];

function colourFences(root) {
  const fences = [...root.querySelectorAll('pre > code[class]')].filter(named);
  if (!fences.length) return;
  loadEditors().then(({coloured}) => Promise.all(fences.map(async (code) => {
    const pieces = await coloured(code.textContent, named(code));
    if (pieces) code.replaceChildren(...pieces);
  }))).catch((error) => console.warn('Code shows without colours:', error.message));
}

module.exports = {colourFences};
