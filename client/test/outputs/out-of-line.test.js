'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {addressOf, isOutOfLine} = require('../../src/outputs/out-of-line');

test('a reference is known from what an output may be itself', () => {
  assert.ok(isOutOfLine({_blob: 'abc', size: 3}));
  for (const value of ['_blob', ['_blob'], null, undefined, {size: 3}, {_blob: 3}]) assert.ok(!isOutOfLine(value));
});

test('a value is asked for by its digest, as what it is', () => {
  const address = addressOf({_blob: 'a/b'}, {base: '/user/ann', notebookId: 'n1'}, 'image/svg+xml');
  assert.equal(address, '/user/ann/derby/notebooks/n1/blobs/a%2Fb?type=image%2Fsvg%2Bxml');
});
