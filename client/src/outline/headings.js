'use strict';
// The headings of a notebook, as its outline shows them.
const {headingsOf} = require('../cells/text');

// What a heading reads as, without markdown's signs.
function plain(text) {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\*\*|__|[*`~])/g, '')
    .trim();
}

// All headings in the order of the cells: [{key, cell, at, level, text}]; the topmost level is 1.
function headingsIn(cells) {
  const found = cells
    .filter((cell) => cell.cell_type === 'markdown')
    .flatMap((cell) => headingsOf(String(cell.source || '')).map(({level, text}, at) => ({
      key: `${cell.id}-${at}`, cell: cell.id, at, level, text: plain(text)
    })))
    .filter(({text}) => text);
  const top = Math.min(...found.map(({level}) => level));
  return found.map((heading) => ({...heading, level: heading.level - top + 1}));
}

// The heading under which a cell stands, or null; `order` is the ids of all cells.
function headingOfCell(headings, order, id) {
  const places = new Map(order.map((cell, place) => [cell, place]));
  const here = places.get(id);
  return headings.filter((heading) => places.get(heading.cell) <= here).at(-1) || null;
}

module.exports = {headingOfCell, headingsIn, plain};
