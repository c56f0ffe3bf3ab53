'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {matchesIn, patternOf, replacementOf} = require('../../src/search/matches');

const places = (text, options) => matchesIn(text, patternOf(options).pattern).map(({from, to}) => [from, to]);

test('letters count without their case unless asked', () => {
  assert.deepEqual(places('Ab ab', {query: 'ab'}), [[0, 2], [3, 5]]);
  assert.deepEqual(places('Ab ab', {query: 'ab', caseful: true}), [[3, 5]]);
});

test('signs of expressions are plain text unless asked', () => {
  assert.deepEqual(places('a.b axb', {query: 'a.b'}), [[0, 3]]);
  assert.deepEqual(places('a.b axb', {query: 'a.b', regex: true}), [[0, 3], [4, 7]]);
});

test('whole words only', () => {
  assert.deepEqual(places('cat cats', {query: 'cat', word: true}), [[0, 3]]);
});

test('places count UTF-16 units, as the editor does', () => {
  assert.deepEqual(places('😀x', {query: 'x'}), [[2, 3]]);
});

test('nothing to find, no expression, an empty match', () => {
  assert.deepEqual(patternOf({query: ''}), {});
  assert.equal(patternOf({query: '(', regex: true}).error, 'Not a valid expression');
  assert.deepEqual(places('aab', {query: 'x*', regex: true}), []);
});

test('a group of an expression comes back in the replacement', () => {
  const [match] = matchesIn('print(x)', patternOf({query: 'print\\((\\w+)\\)', regex: true}).pattern);
  assert.equal(replacementOf(match, {replace: 'show($1, $&, $$, $9)', regex: true}), 'show(x, print(x), $, )');
  assert.equal(replacementOf(match, {replace: '$1'}), '$1');
});
