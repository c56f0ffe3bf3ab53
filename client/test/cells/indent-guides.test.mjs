import assert from 'node:assert/strict';
import test from 'node:test';
import {depthOf} from '../../src/cells/indent-guides.mjs';

test('four spaces or a tab are one step', () => {
  assert.deepEqual(['x', '    x', '\tx', '      x'].map((line) => depthOf(line)), [0, 1, 1, 2]);
});

test('an empty line goes on as the one before it', () => {
  assert.equal(depthOf('', 2), 2);
  assert.equal(depthOf('   ', 1), 1);
});
