'use strict';
// Puts parts of a drawn text into elements of their own, without changing how it is coloured.

// `pieces` are {from, to, make} with make(text) an element to hold the part, or {at, make} with
// make() an element to put there; they do not overlap.
function paint(lines, pieces) {
  const nodes = textNodes(lines);
  const place = (piece) => (piece.at === undefined ? piece.from : piece.at);
  const sorted = [...pieces].sort((a, b) => place(b) - place(a) || (b.at === undefined) - (a.at === undefined));
  for (const piece of sorted) {
    if (piece.at !== undefined) putAt(nodes, lines, piece);
    else for (let index = nodes.length - 1; index >= 0; index--) wrap(nodes[index], piece);
  }
}

// Every text node with where it begins; a line end counts as one.
function textNodes(lines) {
  const found = [];
  let offset = 0;
  for (const line of lines) {
    const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const {length} = walker.currentNode.data;
      found.push({node: walker.currentNode, start: offset, end: offset + length});
      offset += length;
    }
    offset += 1;
  }
  return found;
}

// Later parts are wrapped first, so a node's beginning is still where it was.
function wrap(entry, {from, to, make}) {
  const start = Math.max(from, entry.start) - entry.start;
  const end = Math.min(to, entry.end) - entry.start;
  if (start >= end) return;
  if (end < entry.node.data.length) entry.node.splitText(end);
  const part = start > 0 ? entry.node.splitText(start) : entry.node;
  const holder = make(part.data);
  part.replaceWith(holder);
  holder.append(part);
  entry.end = entry.start + start;
}

function putAt(nodes, lines, {at, make}) {
  const entry = nodes.find(({start, end}) => start <= at && at <= end);
  if (!entry) return lineAt(lines, at).append(make());
  const offset = at - entry.start;
  if (offset >= entry.node.data.length) entry.node.after(make());
  else entry.node.splitText(offset).before(make());
}

function lineAt(lines, at) {
  let offset = 0;
  for (const line of lines) {
    offset += line.textContent.length + 1;
    if (at < offset) return line;
  }
  return lines[lines.length - 1];
}

module.exports = {paint};
