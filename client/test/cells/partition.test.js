'use strict';
const assert = require('node:assert');
const {test} = require('node:test');
const {MOST, SIZE, partition} = require('../../src/cells/partition');

const numbers = (count, from = 0) => Array.from({length: count}, (_, index) => from + index);

const runsOf = (items, before) => partition(items, before).map((run) => run.items);

// Which runs of before are in it still, as they were.
const kept = (before, after) => before.filter((run) => after.some((other) => String(other) === String(run)));

test('a list becomes runs of one size, in order', () => {
  const runs = runsOf(numbers(100));
  assert.deepStrictEqual(runs.flat(), numbers(100));
  assert.ok(runs.every((run) => run.length <= SIZE));
  assert.strictEqual(runs.length, Math.ceil(100 / SIZE));
  assert.deepStrictEqual(runsOf([]), []);
});

test('an item that comes or goes changes one run', () => {
  const before = runsOf(numbers(100));
  const items = numbers(100);
  for (const at of [0, 1, SIZE - 1, SIZE, 50, 99, 100]) {
    const after = runsOf(items.toSpliced(at, 0, 'new'), before);
    assert.deepStrictEqual(after.flat(), items.toSpliced(at, 0, 'new'));
    assert.strictEqual(kept(before, after).length, before.length - 1, `inserted at ${at}`);
    const without = runsOf(items.toSpliced(at, 1), before);
    assert.deepStrictEqual(without.flat(), items.toSpliced(at, 1));
    assert.ok(kept(before, without).length >= before.length - 1, `removed at ${at}`);
  }
});

test('an item that moves changes the run it leaves and the run it comes to', () => {
  const before = runsOf(numbers(100));
  for (const [from, to] of [[SIZE - 1, SIZE], [SIZE, SIZE - 1], [3, 4], [99, 0], [0, 99], [20, 70]]) {
    const items = numbers(100);
    items.splice(to, 0, ...items.splice(from, 1));
    const after = runsOf(items, before);
    assert.deepStrictEqual(after.flat(), items);
    assert.ok(kept(before, after).length >= before.length - 2, `moved from ${from} to ${to}`);
  }
});

test('a run that grows too long is cut, and the others stay', () => {
  let items = numbers(40);
  let runs = runsOf(items);
  const others = runs.slice(2);
  for (let added = 0; added < 100; added++) {
    items = items.toSpliced(10, 0, `new ${added}`);
    runs = runsOf(items, runs);
    assert.deepStrictEqual(runs.flat(), items);
    assert.ok(runs.every((run) => run.length && run.length <= MOST));
  }
  assert.strictEqual(kept(others, runs).length, others.length);
});

test('what is all new or all turned round is in order still', () => {
  const before = runsOf(numbers(50));
  assert.deepStrictEqual(runsOf(numbers(50, 100), before).flat(), numbers(50, 100));
  assert.deepStrictEqual(runsOf(numbers(50).reverse(), before).flat(), numbers(50).reverse());
  assert.deepStrictEqual(runsOf([...numbers(30, 100), ...numbers(50)], before).flat(), [...numbers(30, 100), ...numbers(50)]);
  assert.deepStrictEqual(runsOf([], before), []);
});

test('a run says which it was', () => {
  const before = runsOf(numbers(30));
  const was = (items) => partition(items, before).map((run) => run.was);
  assert.deepStrictEqual(was(numbers(30)), [0, 1, 2, 3]);
  assert.deepStrictEqual(was(numbers(30 - before[0].length, before[0].length)), [1, 2, 3]);
  assert.deepStrictEqual(was([29, ...numbers(29)]), [0, 1, 2, 3]);
  assert.deepStrictEqual(was([...numbers(30, 100), ...numbers(30)]).slice(-4), [0, 1, 2, 3]);
  assert.deepStrictEqual(was([...numbers(30), ...numbers(30, 100)]).slice(0, 5), [0, 1, 2, 3, undefined]);
});

test('however items come, go and move, the runs hold them in order, each run once', () => {
  let seed = 7;
  const random = (below) => (seed = seed * 16807 % 2147483647) % below;
  let items = numbers(60);
  let runs = runsOf(items);
  for (let round = 0; round < 1500; round++) {
    const [from, to, some] = [random(items.length + 1), random(items.length + 1), random(4) ? 1 : random(20)];
    const moved = items.splice(from, some);
    if (random(3)) items.splice(Math.min(to, items.length), 0, ...moved, ...numbers(random(3) ? 0 : some, 1000 * round + 1000));
    else items.splice(to, 0, ...numbers(some, 1000 * round + 1000));
    const next = partition(items, runs);
    assert.deepStrictEqual(next.flatMap((run) => run.items), items);
    assert.ok(next.every((run) => run.items.length && run.items.length <= MOST));
    const was = next.map((run) => run.was).filter((index) => index !== undefined);
    assert.deepStrictEqual(was, [...new Set(was)].sort((a, b) => a - b));
    runs = next.map((run) => run.items);
  }
});
