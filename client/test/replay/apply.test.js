'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {type: json0} = require('ot-json0');
const {applied} = require('../../src/replay/apply');

const cell = () => ({source: 'abc', outputs: [{text: 'x'}, {text: 'y'}], metadata: {tags: ['a', 'b']}, count: 1});

const OPS = [
  [{p: ['source', 1], si: 'Z'}],
  [{p: ['source', 0], sd: 'ab'}],
  [{p: ['outputs', 0], li: {text: 'new'}}, {p: ['outputs', 2], ld: {text: 'y'}}],
  [{p: ['outputs', 1], lm: 0}],
  [{p: ['outputs', 0, 'text', 1], si: '!'}],
  [{p: ['metadata', 'tags', 0], ld: 'a', li: 'c'}],
  [{p: ['metadata'], od: {}, oi: {b: 2}}],
  [{p: ['count'], na: 4}],
  [{p: ['count'], od: 1}],
  [{p: [], oi: {other: true}}],
  [{p: ['source'], t: 'text0', o: [{p: 3, i: 'd'}]}]
];

for (const op of OPS) {
  test(`applies as json0 does, and leaves the state before alone: ${JSON.stringify(op)}`, () => {
    const before = cell();
    assert.deepEqual(applied(before, {op}), json0.apply(cell(), op));
    assert.deepEqual(before, cell());
  });
}

test('what an op does not touch is the same as before', () => {
  const before = cell();
  const after = applied(before, {op: [{p: ['source', 0], si: 'x'}]});
  assert.equal(after.outputs, before.outputs);
  assert.equal(after.metadata, before.metadata);
});

test('documents are created and deleted', () => {
  assert.deepEqual(applied(undefined, {create: {type: 'x', data: {a: 1}}}), {a: 1});
  assert.equal(applied({a: 1}, {del: true}), undefined);
});
