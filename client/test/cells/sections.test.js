'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {
  hiddenBy, levelOf, nextHeading, parentHeading, placeBeyond, sectionsOf, withSections
} = require('../../src/cells/sections');

// 'a b1 c d2 e f1 g': a letter is a cell, a number behind it its level as a heading.
const cellsOf = (text) => text.split(' ').map(([id, level]) => ({id, level: Number(level || 0)}));
const CELLS = cellsOf('a b1 c d2 e f1 g');
const ORDER = CELLS.map(({id}) => id);
const hiddenIn = (cells, folded) => hiddenBy(sectionsOf(cells), (id) => folded.includes(id));
const shown = (hidden) => [...hidden].map((pair) => pair.join('<')).join(' ');

test('a markdown cell is a heading by its topmost one, other cells are none', () => {
  const markdown = (source) => levelOf({cell_type: 'markdown', source});
  assert.equal(markdown('### c'), 3);
  assert.equal(markdown('text\n\n## b\n\n# a\n'), 1);
  assert.equal(markdown('#no heading'), 0);
  assert.equal(markdown('```\n# code\n```'), 0);
  assert.equal(levelOf({cell_type: 'code', source: '# a comment'}), 0);
  assert.equal(levelOf({cell_type: 'markdown'}), 0);
});

test('a section goes on to the next heading of its level or above', () => {
  assert.deepEqual(Object.fromEntries(sectionsOf(CELLS)), {b: ['c', 'd', 'e'], d: ['e'], f: ['g']});
  assert.deepEqual(Object.fromEntries(sectionsOf(cellsOf('a3 b1 c2'))), {a: [], b: ['c'], c: []});
});

test('what a folded section hides stands under the topmost folded heading', () => {
  assert.equal(shown(hiddenIn(CELLS, ['d'])), 'e<d');
  assert.equal(shown(hiddenIn(CELLS, ['b', 'd'])), 'c<b d<b e<b');
  assert.equal(shown(hiddenIn(CELLS, [])), '');
});

test('a folded heading stands for its section, an open one for itself', () => {
  const folded = hiddenIn(CELLS, ['b']);
  assert.deepEqual(withSections(['b'], ORDER, folded), ['b', 'c', 'd', 'e']);
  assert.deepEqual(withSections(['a', 'f'], ORDER, folded), ['a', 'f']);
  assert.deepEqual(withSections(['b'], ORDER, new Map()), ['b']);
});

test('cells move past a folded section as past one cell', () => {
  const folded = hiddenIn(CELLS, ['b']);
  const moved = (ids, by, hidden = folded) => {
    const place = placeBeyond(ORDER, hidden, ids, by);
    return place < 0 ? null : ORDER.slice(0, place).filter((id) => !ids.includes(id))
      .concat(ids, ORDER.slice(place).filter((id) => !ids.includes(id))).join('');
  };
  assert.equal(moved(['a'], 1), 'bcdeafg');
  assert.equal(moved(['f'], -1), 'afbcdeg');
  assert.equal(moved(['b', 'c', 'd', 'e'], 1), 'afbcdeg');
  assert.equal(moved(['b', 'c', 'd', 'e'], -1), 'bcdeafg');
  assert.equal(moved(['a'], 1, new Map()), 'bacdefg');
  assert.equal(moved(['a'], -1), null);
  assert.equal(moved(['g'], 1), null);
});

test('a cell belongs to the heading above it, a heading to one of a higher level', () => {
  assert.equal(parentHeading(CELLS, 'e'), 'd');
  assert.equal(parentHeading(CELLS, 'd'), 'b');
  assert.equal(parentHeading(CELLS, 'f'), null);
  assert.equal(parentHeading(CELLS, 'a'), null);
  assert.equal(nextHeading(CELLS, 'a'), 'b');
  assert.equal(nextHeading(CELLS, 'b'), 'd');
  assert.equal(nextHeading(CELLS, 'g'), null);
});
