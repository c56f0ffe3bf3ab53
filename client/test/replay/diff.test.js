'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {linesOf} = require('../../src/replay/diff-view');

const shown = (parts) => linesOf(parts).map(({kind, parts: pieces}) => `${{add: '+', remove: '-', keep: ' ', skip: '…'}[kind]}${pieces.map(([, text]) => text).join('')}`);

test('a changed line is there as it was and as it is', () => {
  assert.deepEqual(shown([['keep', 'x = '], ['remove', '1'], ['add', '2'], ['keep', '\ny\n']]), ['-x = 1', '+x = 2', ' y']);
});

test('lines that came and went stand alone', () => {
  assert.deepEqual(shown([['keep', 'a\n'], ['add', 'b\n'], ['keep', 'c\n']]), [' a', '+b', ' c']);
  assert.deepEqual(shown([['keep', 'a\n'], ['remove', 'b\n'], ['keep', 'c\n']]), [' a', '-b', ' c']);
});

test('a line that was split is shown as it was and as it is', () => {
  assert.deepEqual(shown([['keep', 'ab'], ['add', '\n'], ['keep', 'cd']]), ['+ab', '-abcd', '+cd']);
});

test('long stretches without a change are left out', () => {
  const many = Array.from({length: 20}, (_, index) => `line ${index}\n`).join('');
  assert.deepEqual(shown([['keep', many], ['add', 'end\n']]), ['…', ' line 17', ' line 18', ' line 19', '+end']);
});
