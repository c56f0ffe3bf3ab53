'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {headingOfCell, headingsIn, plain} = require('../../src/outline/headings');

const text = (id, source) => ({id, cell_type: 'markdown', source});

test('a heading reads without the signs of markdown', () => {
  assert.equal(plain('The **bold** `code` and [a link](x.html)'), 'The bold code and a link');
});

test('headings of text cells are listed in order, from the topmost level on', () => {
  const cells = [text('a', '## One\n\n### Deep'), {id: 'b', cell_type: 'code', source: '# no heading'}, text('c', '## Two'), text('d', '#')];
  assert.deepEqual(headingsIn(cells).map(({key, level, text: shown}) => [key, level, shown]), [
    ['a-0', 1, 'One'], ['a-1', 2, 'Deep'], ['c-0', 1, 'Two']
  ]);
  assert.deepEqual(headingsIn([]), []);
});

test('a cell stands under the last heading before it', () => {
  const headings = headingsIn([text('b', '# One'), text('d', '# Two')]);
  const order = ['a', 'b', 'c', 'd'];
  assert.deepEqual(order.map((id) => (headingOfCell(headings, order, id) || {}).text), [undefined, 'One', 'One', 'Two']);
});
