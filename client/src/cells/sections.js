'use strict';
// The sections of a notebook: a heading, and the cells below it up to the next of its level or above. Pure.
const {headingsOf} = require('./text');

// The level of a cell as a heading, by its topmost one as in JupyterLab; 0 for a cell without.
function levelOf(cell) {
  if (cell.cell_type !== 'markdown') return 0;
  const levels = headingsOf(String(cell.source || '')).map(({level}) => level);
  return levels.length ? Math.min(...levels) : 0;
}

// For the cells in order, each as {id, level}: the ids under each heading, by its id.
function sectionsOf(cells) {
  const sections = new Map();
  let open = [];
  for (const {id, level} of cells) {
    if (level) open = open.filter((heading) => heading.level < level);
    for (const heading of open) sections.get(heading.id).push(id);
    if (level) {
      sections.set(id, []);
      open.push({id, level});
    }
  }
  return sections;
}

// Which folded heading stands for each cell that is not shown: the topmost that hides it.
function hiddenBy(sections, isFolded) {
  const hidden = new Map();
  for (const [heading, ids] of sections) {
    if (hidden.has(heading) || !isFolded(heading)) continue;
    for (const id of ids) hidden.set(id, heading);
  }
  return hidden;
}

// Chosen ids, each folded heading with what it hides; `order` is that of all cells.
function withSections(ids, order, hidden) {
  const chosen = new Set(ids);
  return order.filter((id) => chosen.has(id) || chosen.has(hidden.get(id)));
}

// Where cells land that move past their neighbour: an index in the order of all, between two cells.
function placeBeyond(order, hidden, ids, by) {
  const first = order.indexOf(ids[0]);
  const end = first + ids.length;
  if (first < 0 || by < 0 && first === 0 || by > 0 && end === order.length) return -1;
  if (by < 0) {
    const above = order[first - 1];
    return order.indexOf(hidden.get(above) || above);
  }
  let place = end + 1;
  while (place < order.length && hidden.get(order[place]) === order[end]) place++;
  return place;
}

// The heading above that a cell belongs to: the nearest of a level above its own, or for a cell that is none, of any.
function parentHeading(cells, id) {
  const at = cells.findIndex((cell) => cell.id === id);
  if (at < 0) return null;
  const below = cells[at].level || Infinity;
  const heading = cells.slice(0, at).findLast(({level}) => level && level < below);
  return heading ? heading.id : null;
}

// The next heading below a cell, of whatever level.
function nextHeading(cells, id) {
  const at = cells.findIndex((cell) => cell.id === id);
  const heading = at < 0 ? null : cells.slice(at + 1).find(({level}) => level);
  return heading ? heading.id : null;
}

module.exports = {hiddenBy, levelOf, nextHeading, parentHeading, placeBeyond, sectionsOf, withSections};
