'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {foldedInFile, withPart} = require('../../src/cells/folds');

test('a file says in two ways what is folded', () => {
  assert.equal(foldedInFile(undefined), '');
  assert.equal(foldedInFile({jupyter: {source_hidden: true}}), 'source');
  assert.equal(foldedInFile({jupyter: {outputs_hidden: true, source_hidden: true}}), 'source outputs');
  assert.equal(foldedInFile({collapsed: true}), 'outputs');
  assert.equal(foldedInFile({heading_collapsed: true}), 'section');
});

test('parts are added and taken away in one order, once', () => {
  assert.equal(withPart('', 'outputs', true), 'outputs');
  assert.equal(withPart('outputs', 'source', true), 'source outputs');
  assert.equal(withPart('source outputs', 'outputs', true), 'source outputs');
  assert.equal(withPart('source outputs', 'source', false), 'outputs');
  assert.equal(withPart(undefined, 'source', false), '');
});
