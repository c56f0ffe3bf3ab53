'use strict';
const {test} = require('node:test');
const assert = require('node:assert');
const {Outbox} = require('../../src/widgets/outbox');

function recording() {
  const ops = [];
  const waiting = [];
  const submit = (values, messages) => new Promise((resolve) => {
    ops.push({values, messages});
    waiting.push(resolve);
  });
  return {ops, submit, taken: () => waiting.shift()()};
}

test('the first value goes at once, what comes while it is on its way goes as one, the last of each key', async () => {
  const {ops, submit, taken} = recording();
  const outbox = new Outbox(submit, 1);
  const first = outbox.write({value: 1});
  for (let value = 2; value < 300; value++) outbox.write({value, other: value});
  const last = outbox.write({value: 300});
  assert.deepStrictEqual(ops, [{values: {value: 1}, messages: []}]);
  assert.ok(outbox.has('value'));
  taken();
  await first;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepStrictEqual(ops[1], {values: {value: 300, other: 299}, messages: []});
  taken();
  await last;
  assert.strictEqual(ops.length, 2);
  assert.ok(!outbox.has('value'));
});

test('messages all go, in order, with the values written before them', async () => {
  const {ops, submit, taken} = recording();
  const outbox = new Outbox(submit, 1);
  outbox.send('a');
  outbox.write({value: 5});
  outbox.send('b');
  outbox.send('c');
  taken();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepStrictEqual(ops.map(({messages}) => messages), [['a'], ['b', 'c']]);
  assert.deepStrictEqual(ops[1].values, {value: 5});
});

test('what the server refuses holds up nothing', async () => {
  let count = 0;
  const outbox = new Outbox(async () => {
    if (!count++) throw new Error('refused');
  }, 1);
  await outbox.write({a: 1});
  await outbox.write({b: 1});
  assert.strictEqual(count, 2);
});
