'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {compareCells, weightBetween, weightsBetween} = require('../../src/cells/weights');

const at = (weight, id = 'x') => ({_weight: weight, id});

test('a cell between two others gets a weight between theirs', () => {
  assert.equal(weightBetween(at(1000), at(2000)), 1500);
  assert.equal(weightBetween(at(1000), undefined), 2000);
  assert.equal(weightBetween(undefined, at(1000)), 0);
  assert.equal(weightBetween(undefined, undefined), 1000);
});

test('several cells get rising weights, all between the neighbours', () => {
  for (const [before, after] of [[at(1), at(2)], [undefined, at(5)], [at(5), undefined], [undefined, undefined]]) {
    const weights = weightsBetween(before, after, 7);
    const all = [before ? before._weight : -Infinity, ...weights, after ? after._weight : Infinity];
    assert.equal(weights.length, 7);
    all.slice(1).forEach((weight, index) => assert.ok(weight > all[index], all.join(' ')));
  }
});

test('cells of one weight stand in the order of their ids, whichever client sorts them', () => {
  const cells = [at(2, 'a'), at(1, 'c'), at(1, 'b')];
  const sorted = (list) => [...list].sort(compareCells).map((cell) => cell.id).join('');
  assert.equal(sorted(cells), 'bca');
  assert.equal(sorted([...cells].reverse()), 'bca');
});

test('a cell without a weight counts as weightless', () => {
  assert.ok(compareCells({id: 'a'}, at(1, 'b')) < 0);
  assert.ok(compareCells({id: 'b'}, at(-1, 'a')) > 0);
});
