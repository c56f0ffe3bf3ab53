'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {scrolls} = require('../../src/outputs/scrolling');

const box = (scrollWidth, clientWidth, scrollHeight, clientHeight) => ({scrollWidth, clientWidth, scrollHeight, clientHeight});

test('what is larger than its window scrolls, a pixel of rounding does not count', () => {
  assert.equal(scrolls(box(100, 100, 50, 50)), false);
  assert.equal(scrolls(box(101, 100, 51, 50)), false);
  assert.equal(scrolls(box(120, 100, 50, 50)), true);
  assert.equal(scrolls(box(100, 100, 90, 50)), true);
});
