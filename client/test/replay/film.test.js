'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {CHUNK, Film} = require('../../src/replay/film');

// A server with one cell whose op n appends a letter at time 1000 n.
function server(total) {
  const asked = [];
  const textAt = (position) => 'x'.repeat(Math.max(0, position - 1));
  const op = (n) => (n === 0
    ? {d: 0, v: 0, t: 0, a: 0, k: 32, s: 0, e: true, create: {type: 't', data: {source: ''}}}
    : {d: 0, v: n, t: n * 1000, a: 0, k: 1, s: n, e: true, op: [{p: ['source', n - 1], si: 'x'}]});
  return {
    asked,
    async ask(question, body) {
      asked.push(question);
      if (question === 'ops') {
        const ops = [];
        for (let n = body.from; n < Math.min(body.to, body.from + 100, total); n++) ops.push(op(n));
        return {from: body.from, to: body.from + ops.length, ops};
      }
      const {position} = body;
      const known = body.have['cells/c'] === position;
      return {position, versions: {'cells/c': position}, docs: known ? {} : {'cells/c': {source: textAt(position)}}};
    }
  };
}

function film(total) {
  const asker = server(total);
  const made = new Film(asker);
  const buckets = Array.from({length: 10}, (_, index) => [Math.floor((index * total) / 10), Math.floor((index * total) / 10) * 1000, [[0, total / 10]]]);
  made.take({revision: 1, edition: 0, total, first: 0, last: (total - 1) * 1000, docs: [['cells', 'c']], buckets, authors: [], runs: []});
  return {asker, film: made};
}

const source = (state) => state.docs['cells/c'].data.source;

test('near moments are reached by applying ops, forwards and back', async () => {
  const {asker, film: made} = film(2000);
  const first = await made.fetch({position: 900}, null);
  const states = asker.asked.filter((question) => question === 'state').length;
  for (const position of [901, 903, 1200, 1150, 950]) {
    assert.equal(source(await made.at(position, first)).length, position - 1);
  }
  assert.equal(asker.asked.filter((question) => question === 'state').length, states);
});

test('a far moment is asked for, and what is the same is not sent again', async () => {
  const {asker, film: made} = film(2000);
  const first = await made.fetch({position: 100}, null);
  assert.equal(source(await made.at(1900, first)).length, 1899);
  const again = await made.fetch({position: 100}, first);
  assert.equal(again.docs['cells/c'], first.docs['cells/c']);
  assert.equal(asker.asked.filter((question) => question === 'ops').length, 0);
});

test('a chunk at the end that has grown is asked for again', async () => {
  const {asker, film: made} = film(10);
  await made.ops(0, 10);
  asker.ask = server(14).ask;
  made.take({...made.overview, revision: 2, total: 14});
  assert.equal((await made.ops(0, 14)).length, 14);
});

test('places on the slider and positions lead to each other', () => {
  const {film: made} = film(1000);
  for (const position of [0, 1, 99, 100, 555, 999, 1000]) assert.equal(made.positionOf(made.shareOf(position)), position);
  assert.equal(made.shareOf(1000), 1);
});

test('older ops that came in make it forget what it knew of positions', async () => {
  const {film: made} = film(CHUNK * 2);
  await made.ops(0, 10);
  made.take({...made.overview, revision: 2, edition: 1});
  assert.equal(made.chunks.size, 0);
});

test('a moment says behind how many ops of its millisecond it is, where that is needed', async () => {
  const {film: made} = film(100);
  made.chunks.set(0, {ops: [5, 5, 5, 7.2, 7.9].map((t) => ({t})), coming: null});
  made.total = 100;
  assert.equal(made.momentOf(2), '1970-01-01T00:00:00.005Z~2');
  assert.equal(made.momentOf(3), '1970-01-01T00:00:00.005Z');
  assert.equal(made.momentOf(4), '1970-01-01T00:00:00.007Z~1');
});
