'use strict';
// Divides a list into short runs, and keeps to the runs it had: an item that comes, goes or moves
// changes its own run, or the two it moves between, and no other. Pure.

const SIZE = 8;
const MOST = 2 * SIZE;

// The runs of `items` in order, each as {items, was}: `was` is its index among `before`, the lists of
// items that the runs held last; undefined for a run that is new.
function partition(items, before = []) {
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
