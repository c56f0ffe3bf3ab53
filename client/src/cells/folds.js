'use strict';
// Folded parts of a cell as one string, so that a binding can follow it.

const PARTS = ['source', 'outputs', 'unscrolled', 'section'];

// What the file says, for one who has not folded the cell themself.
function foldedInFile(metadata = {}) {
  const jupyter = metadata.jupyter || {};
  const parts = [];
  if (jupyter.source_hidden) parts.push('source');
  if (jupyter.outputs_hidden || metadata.collapsed) parts.push('outputs');
  if (metadata.heading_collapsed) parts.push('section');
  return parts.join(' ');
}

function withPart(folded, part, on) {
  const parts = new Set((folded || '').split(' ').filter(Boolean));
  on ? parts.add(part) : parts.delete(part);
  return PARTS.filter((known) => parts.has(known)).join(' ');
}

module.exports = {foldedInFile, withPart};
