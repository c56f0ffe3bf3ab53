'use strict';
const {test} = require('node:test');
const assert = require('node:assert');
const {filled, hasBlobs, toDocument, toModel, withBlobs} = require('../../src/widgets/buffers');

const bytes = (...values) => new DataView(Uint8Array.from(values).buffer);

test('a binary value is base64 in a document and a view of bytes in a model', () => {
  const stored = toDocument({value: bytes(0, 255, 7), plain: [1, {a: 'x'}]});
  assert.deepStrictEqual(stored, {value: {_buffer: 'AP8H'}, plain: [1, {a: 'x'}]});
  const back = toModel(stored);
  assert.ok(back.value instanceof DataView);
  assert.deepStrictEqual(new Uint8Array(back.value.buffer), Uint8Array.from([0, 255, 7]));
  assert.deepStrictEqual(back.plain, [1, {a: 'x'}]);
});

test('a part of a larger buffer is that part', () => {
  const whole = Uint8Array.from([1, 2, 3, 4]);
  assert.deepStrictEqual(toDocument({v: whole.subarray(1, 3)}), {v: {_buffer: 'AgM='}});
});

test('what only looks like a buffer stays what it is', () => {
  for (const value of [{_buffer: 'x'}, {_plain: 1}, {_plain: {_buffer: bytes(1)}}]) {
    const back = toModel(toDocument({value}));
    assert.deepStrictEqual(Object.keys(back.value), Object.keys(value));
  }
  assert.deepStrictEqual(toModel(toDocument({value: {_buffer: 'x'}})), {value: {_buffer: 'x'}});
});

test('a large value is loaded from beside the document', async () => {
  const stored = {value: {_blob: 'abc'}, list: [{_blob: 'abc'}, 1], plain: {_plain: {_blob: 'no'}}};
  assert.ok(hasBlobs(stored));
  assert.ok(!hasBlobs(stored.plain));
  const whole = await withBlobs(stored, async (digest) => `of ${digest}`);
  assert.deepStrictEqual(whole, {value: {_buffer: 'of abc'}, list: [{_buffer: 'of abc'}, 1], plain: stored.plain});
});

test('buffers go back into the holes of a message', () => {
  const one = bytes(1);
  assert.deepStrictEqual(filled({list: [null, 2], deep: {}}, [['list', 0], ['deep', 'x']], [one, one]),
    {list: [one, 2], deep: {x: one}});
});
