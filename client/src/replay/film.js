'use strict';
// The notebook's history as this page knows it: states and ops around the moment that is shown.
//
// A state is {position, docs}, `docs` by "collection/id" with {v, data}; data undefined is a
// document that is not there. Near moments are reached by applying ops here, far ones are asked for.
const {applied} = require('./apply');

const CHUNK = 250;
const NEAR = 500;
const KEPT_STATES = 60;
const KEPT_CHUNKS = 80;
const MEMO = 50;

class Film {
  constructor(asker) {
    this.asker = asker;
    this.overview = null;
    this.total = 0;
    this.states = new Map();
    this.chunks = new Map();
  }

  // Takes in how far the history goes; returns whether it changed.
  take(overview) {
    const before = this.overview;
    if (before && before.revision === overview.revision && before.total === overview.total) return false;
    this.overview = overview;
    this.total = overview.total;
    if (before && before.edition !== overview.edition) {
      this.states.clear(); // older ops came in: positions are not what they were
      this.chunks.clear();
    }
    return true;
  }

  keyOf(number) {
    return this.overview.docs[number].join('/');
  }

  // The state at a position.
  async at(position, from) {
    const near = this.nearest(position, from);
    if (near && position - near.position <= NEAR) return this.forward(near, position);
    return this.fetch({position}, from);
  }

  async fetch(place, from) {
    const have = {};
    for (const [key, doc] of Object.entries(from ? from.docs : {})) have[key] = doc.v;
    const told = await this.asker.ask('state', {...place, have});
    const docs = {};
    for (const [key, v] of Object.entries(told.versions)) {
      docs[key] = key in told.docs ? {v, data: told.docs[key] === null ? undefined : told.docs[key]} : from.docs[key];
    }
    return this.keep({position: told.position, docs});
  }

  nearest(position, from) {
    let best = from && from.position <= position ? from : null;
    for (const state of this.states.values()) {
      if (state.position <= position && (!best || state.position > best.position)) best = state;
    }
    return best;
  }

  async forward(state, position) {
    let {docs} = state;
    const ops = await this.ops(state.position, position);
    let at = state.position;
    for (const op of ops) {
      const key = this.keyOf(op.d);
      const before = docs[key];
      docs = {...docs, [key]: {v: op.v + 1, data: applied(before && before.data, op)}};
      at++;
      if (at % MEMO === 0) this.keep({position: at, docs});
    }
    return this.keep({position, docs});
  }

  keep(state) {
    this.states.delete(state.position);
    this.states.set(state.position, state);
    if (this.states.size > KEPT_STATES) this.states.delete(this.states.keys().next().value);
    return state;
  }

  // --- ops ---

  // The ops between two positions.
  async ops(start, end) {
    const found = [];
    for (let at = start - (start % CHUNK); at < end; at += CHUNK) {
      const ops = await this.chunk(at);
      found.push(...ops.slice(Math.max(0, start - at), end - at));
    }
    return found;
  }

  // Those of the ops between two positions that are here already, from the last missing one on.
  known(start, end) {
    let found = [];
    for (let at = start - (start % CHUNK); at < end; at += CHUNK) {
      const kept = this.chunks.get(at);
      if (!kept || !kept.ops) found = [];
      else found.push(...kept.ops.slice(Math.max(0, start - at), end - at));
    }
    return found;
  }

  chunk(start) {
    const kept = this.chunks.get(start);
    if (kept && (!kept.ops || start + kept.ops.length >= Math.min(start + CHUNK, this.total))) return kept.coming;
    const entry = {ops: null, coming: null};
    entry.coming = this.fetchOps(start, Math.min(start + CHUNK, this.total)).then((ops) => (entry.ops = ops));
    entry.coming.catch(() => this.chunks.delete(start));
    this.chunks.set(start, entry);
    if (this.chunks.size > KEPT_CHUNKS) this.chunks.delete(this.chunks.keys().next().value);
    return entry.coming;
  }

  async fetchOps(start, end) {
    const ops = [];
    while (start + ops.length < end) {
      const told = await this.asker.ask('ops', {from: start + ops.length, to: end});
      if (!told.ops.length) break;
      ops.push(...told.ops);
    }
    return ops;
  }

  // Fetches what is likely to be wanted next.
  expect(position) {
    const next = position - (position % CHUNK) + CHUNK;
    if (next < this.total) this.chunk(next).catch(() => {});
  }

  // --- looking about ---

  // Where to stop next, or null.
  async step(position, {unit, back = false, author = null, cell = null}) {
    if (unit === 'op' && author === null && cell === null) {
      const next = position + (back ? -1 : 1);
      return next >= 0 && next <= this.total ? next : null;
    }
    const told = await this.asker.ask('step', {position, by: unit, back, author, cell});
    return told.position === null && back && position > 0 ? 0 : told.position;
  }

  // The time of the last op before a position, exactly where its ops are here.
  timeAt(position) {
    if (!this.overview || !this.total) return null;
    if (position <= 0) return this.overview.first;
    if (position >= this.total) return this.overview.last;
    const [op] = this.known(position - 1, position);
    return op ? op.t : this.timeAbout(position);
  }

  timeAbout(position) {
    const {buckets, last} = this.overview;
    const index = this.bucketAt(position);
    const [start, time] = buckets[index];
    const [end, until] = buckets[index + 1] || [this.total, last];
    return end > start ? time + ((until - time) * (position - start)) / (end - start) : time;
  }

  bucketAt(position) {
    const {buckets} = this.overview;
    let low = 0;
    let high = buckets.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (buckets[middle][0] <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // Where a position lies on the slider, from 0 to 1, and back.
  shareOf(position) {
    if (!this.total) return 1;
    const {buckets} = this.overview;
    if (position >= this.total) return 1;
    const index = this.bucketAt(position);
    const start = buckets[index][0];
    const end = index + 1 < buckets.length ? buckets[index + 1][0] : this.total;
    return (index + (end > start ? (position - start) / (end - start) : 0)) / buckets.length;
  }

  positionOf(share) {
    if (!this.total) return 0;
    const {buckets} = this.overview;
    if (share >= 1) return this.total;
    const place = Math.max(0, share) * buckets.length;
    const index = Math.min(Math.floor(place), buckets.length - 1);
    const start = buckets[index][0];
    const end = index + 1 < buckets.length ? buckets[index + 1][0] : this.total;
    return Math.round(start + (end - start) * (place - index));
  }

  // A moment as links carry it: behind all ops of its millisecond, or `~` behind so many of them.
  momentOf(position) {
    const time = this.timeAt(position);
    if (time === null) return '';
    const ms = Math.floor(time);
    const text = new Date(ms).toISOString();
    if (position >= this.total) return text;
    const same = (op) => op && Math.floor(op.t) === ms;
    const ops = this.known(Math.max(0, position - CHUNK), position);
    let behind = 0;
    while (behind < ops.length && same(ops[ops.length - 1 - behind])) behind++;
    const [next] = this.known(position, position + 1);
    return position > 0 && next && !same(next) ? text : `${text}~${behind}`;
  }
}

module.exports = {CHUNK, Film};
