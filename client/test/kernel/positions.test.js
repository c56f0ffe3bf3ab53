'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {toCodePoints, toUtf16} = require('../../src/kernel/positions');

test('an astral character is one place for Jupyter and two for the editor', () => {
  assert.equal(toCodePoints('a😀b', 3), 2);
  assert.equal(toUtf16('a😀b', 2), 3);
});

test('there and back is the same place, at every whole character', () => {
  const text = 'x𝄞yשלום😀';
  for (let count = 0; count <= [...text].length; count++) assert.equal(toCodePoints(text, toUtf16(text, count)), count);
});

test('a place past the end is the end', () => {
  assert.equal(toUtf16('ab', 9), 2);
});
