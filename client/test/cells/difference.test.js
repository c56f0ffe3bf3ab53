'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {difference} = require('../../src/cells/difference');

function changed(text, {from, to, insert}) {
  return text.slice(0, from) + insert + text.slice(to);
}

test('equal texts do not differ', () => {
  assert.equal(difference('same', 'same'), null);
  assert.equal(difference('', ''), null);
});

test('only what differs is replaced', () => {
  assert.deepEqual(difference('one two three', 'one 2 three'), {from: 4, to: 7, insert: '2'});
  assert.deepEqual(difference('ab', 'axb'), {from: 1, to: 1, insert: 'x'});
  assert.deepEqual(difference('axb', 'ab'), {from: 1, to: 2, insert: ''});
});

test('a repeated letter is not counted from both ends', () => {
  assert.deepEqual(difference('aa', 'aaa'), {from: 2, to: 2, insert: 'a'});
  assert.deepEqual(difference('aaa', 'aa'), {from: 2, to: 3, insert: ''});
});

test('the replacement always leads from one text to the other', () => {
  let seed = 11;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  const text = () => Array.from({length: random(12)}, () => 'ab\n😀'[random(5)] || '').join('');
  for (let round = 0; round < 2000; round++) {
    const [from, to] = [text(), text()];
    const change = difference(from, to);
    assert.equal(change ? changed(from, change) : from, to);
  }
});
