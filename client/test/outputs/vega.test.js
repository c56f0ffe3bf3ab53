'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {richest} = require('../../src/outputs/mime');
const {isVega, specOf} = require('../../src/outputs/vega');

test('charts are known by their type, of whatever version', () => {
  for (const mime of ['application/vnd.vegalite.v5+json', 'application/vnd.vegalite.v5.20.1+json', 'application/vnd.vega.v5+json',
    'application/vnd.vegalite.v6.json'
  ]) {
    assert.ok(isVega(mime), mime);
  }
  assert.ok(!isVega('application/json'));
});

test('a chart is shown rather than its picture', () => {
  assert.equal(richest({'image/png': 'x', 'application/vnd.vegalite.v5+json': {}}), 'application/vnd.vegalite.v5+json');
});

test('a specification does not say how it is embedded', () => {
  assert.deepEqual(specOf({mark: 'bar', usermeta: {embedOptions: {loader: 'x'}}}), {mark: 'bar'});
});
