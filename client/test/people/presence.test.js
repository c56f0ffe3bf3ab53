'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {isArrival, moveOf} = require('../../src/people/presence');

test('a caret that moved counts up, one that is only said again does not', () => {
  const first = {cell: 'a', anchor: 1, head: 1};
  assert.equal(moveOf(undefined, first), 1);
  assert.equal(moveOf({...first, moved: 4}, {...first}), 4);
  assert.equal(moveOf({...first, moved: 4}, {...first, head: 2}), 5);
  assert.equal(moveOf({...first, moved: 4}, {...first, cell: 'b'}), 5);
});

test('who comes is announced, who was here or only comes back is not', () => {
  assert.equal(isArrival({arriving: true}, undefined, 5000), true);
  assert.equal(isArrival({arriving: false}, undefined, 5000), false);
  assert.equal(isArrival({}, undefined, 5000), false);
  assert.equal(isArrival({arriving: true}, 4000, 5000), false);
  assert.equal(isArrival({arriving: true}, 4000, 99000), true);
});
