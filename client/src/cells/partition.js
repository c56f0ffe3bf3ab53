'use strict';
// Divides a list into short runs, and keeps to the runs it had: an item that comes, goes or moves
// changes its own run, or the two it moves between, and no other. Pure.

const SIZE = 8;
const MOST = 14; // to up to 15 items the browser compares what a slot held and holds, beyond it lays all out anew

// The runs of `items` in order, each as {items, was}: `was` is its index among `before`, the lists of
// items that the runs held last; undefined for a run that is new.
function partition(items, before = []) {
  const [head, tail] = unchanged(items, before);
  const [from, to] = [head, before.length - tail];
  const count = (runs) => runs.reduce((sum, run) => sum + run.length, 0);
  const middle = items.slice(count(before.slice(0, from)), items.length - count(before.slice(to)));
  return [
    ...before.slice(0, from).map((run, index) => ({items: run, was: index})),
    ...divide(middle, before.slice(from, to)).map((run) => ({items: run.items, was: run.was === undefined ? undefined : from + run.was})),
    ...before.slice(to).map((run, index) => ({items: run, was: to + index}))
  ];
}

// How many runs from the start and from the end hold what they held, less one that new items may join.
function unchanged(items, before) {
  const holds = (run, at) => run.every((item, index) => items[at + index] === item);
  let [head, from] = [0, 0];
  while (head < before.length && holds(before[head], from)) from += before[head++].length;
  if (head) from -= before[--head].length;
  let [tail, to] = [0, items.length];
  while (tail < before.length - head - 1 && to - before.at(-1 - tail).length >= from && holds(before.at(-1 - tail), to - before.at(-1 - tail).length)) {
    to -= before.at(-1 - tail++).length;
  }
  return [head, tail];
}

function divide(items, before) {
  const home = new Map(before.flatMap((run, index) => run.map((item) => [item, index])));
  const staying = longestRise(items.filter((item) => home.has(item)), (item) => home.get(item));
  const runs = before.map((_, was) => ({was, items: []}));
  const ahead = {items: []}; // of the first that stays
  let run = ahead;
  for (const item of items) {
    if (staying.has(item)) run = runs[home.get(item)];
    run.items.push(item);
  }
  const first = runs.find((other) => other.items.length);
  if (first && first.items.length + ahead.items.length <= MOST) first.items.unshift(...ahead.items.splice(0));
  return [ahead, ...runs].filter((other) => other.items.length).flatMap(cut);
}

// A run that grew too long becomes several; the first of them stands for it.
function cut({items, was}) {
  if (items.length <= MOST) return [{items, was}];
  const count = Math.ceil(items.length / SIZE);
  const size = Math.ceil(items.length / count);
  return Array.from({length: Math.ceil(items.length / size)}, (_, piece) => (
    {items: items.slice(piece * size, (piece + 1) * size), was: piece ? undefined : was}
  ));
}

// As many of the items as stand in an order in which their value never falls.
function longestRise(items, valueOf) {
  const ends = []; // for each length, the item with the lowest value that such a rise can end with
  const previous = new Map();
  for (const item of items) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (valueOf(ends[middle]) <= valueOf(item)) low = middle + 1;
      else high = middle;
    }
    previous.set(item, ends[low - 1]);
    ends[low] = item;
  }
  const rise = new Set();
  for (let item = ends.at(-1); item !== undefined; item = previous.get(item)) rise.add(item);
  return rise;
}

module.exports = {MOST, SIZE, partition};
