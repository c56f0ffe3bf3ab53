'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {KINDS, marksOf} = require('../../src/replay/marks');

const typed = (at, text, author = 0, doc = 0) => ({d: doc, a: author, k: KINDS.SOURCE, op: [{p: ['source', at], si: text}]});
const erased = (at, text, author = 0, doc = 0) => ({d: doc, a: author, k: KINDS.SOURCE, op: [{p: ['source', at], sd: text}]});
const only = (ops) => marksOf(ops).get(0);
const erasures = (ops) => only(ops).erased.map(({at, text}) => ({at, text}));

test('letters typed one after the other are one range', () => {
  const {added} = only([typed(3, 'a'), typed(4, 'b'), typed(5, 'c')]);
  assert.deepEqual(added, [{from: 3, to: 6, author: 0}]);
});

test('a range moves with what is typed before it, and is cut by what another types into it', () => {
  const {added} = only([typed(3, 'abcd'), typed(0, 'xx', 1), typed(7, 'Y', 1)]);
  assert.deepEqual(added, [
    {from: 0, to: 2, author: 1}, {from: 5, to: 7, author: 0}, {from: 7, to: 8, author: 1}, {from: 8, to: 10, author: 0}
  ]);
});

test('what was deleted is kept where it was, whichever way it was deleted', () => {
  assert.deepEqual(erasures([erased(4, 'e'), erased(3, 'd'), erased(2, 'c')]), [{at: 2, text: 'cde'}]);
  assert.deepEqual(erasures([erased(2, 'c'), erased(2, 'd'), erased(2, 'e')]), [{at: 2, text: 'cde'}]);
});

test('what was typed and deleted again was never there', () => {
  const mark = only([typed(2, 'abc'), erased(2, 'abc')]);
  assert.deepEqual([mark.added, mark.erased], [[], []]);
  assert.deepEqual(erasures([typed(2, 'bc'), erased(1, 'abcd')]), [{at: 1, text: 'ad'}]);
});

test('marks are by cell, and what only tells how things stand marks nothing', () => {
  const marks = marksOf([typed(0, 'a', 0, 3), typed(0, 'b', 1, 5), {d: 7, a: 1, k: KINDS.BACKGROUND, op: []}]);
  assert.deepEqual([...marks.keys()], [3, 5]);
  assert.equal(marks.get(5).author, 1);
});

test('a source that is set as a whole is marked as a whole', () => {
  const {added} = only([{d: 0, a: 2, k: KINDS.SOURCE, op: [{p: ['source'], od: 'x', oi: 'whole'}]}]);
  assert.deepEqual(added, [{from: 0, to: 5, author: 2}]);
});

// Every range of a mark holds exactly what its author typed, whatever was typed and deleted around it.
test('random typing: marked ranges are the letters that were typed', () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 200; round++) {
    let text = 'lower case stands for what was there';
    const ops = [];
    for (let step = 0; step < 12; step++) {
      const at = random(text.length + 1);
      if (random(3)) {
        const letters = 'ABC'.slice(0, 1 + random(3));
        ops.push(typed(at, letters, random(2)));
        text = text.slice(0, at) + letters + text.slice(at);
      } else {
        const gone = text.slice(at, at + 1 + random(4));
        if (!gone) continue;
        ops.push(erased(at, gone, random(2)));
        text = text.slice(0, at) + text.slice(at + gone.length);
      }
    }
    const mark = only(ops) || {added: [], erased: []};
    const marked = [...text].map((_, at) => mark.added.some(({from, to}) => from <= at && at < to));
    assert.deepEqual(marked, [...text].map((letter) => letter !== letter.toLowerCase()), JSON.stringify(ops));
    for (const {text: gone} of mark.erased) assert.equal(gone, gone.toLowerCase(), JSON.stringify(ops));
  }
});
