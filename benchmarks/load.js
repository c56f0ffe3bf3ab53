'use strict';
// Loads a ShareDB server with raw messages and prints what it did, as one line of JSON.
// Usage: node load.js URL SCENARIO SECONDS
//
// As real clients do, each has one op of a document on its way at a time.
//
// own:     32 clients, each with 8 documents of its own
// shared:  32 clients that write one document and follow it
// fanout:  4 writers of 4 documents, 200 clients that follow them all
// queries: 4 writers of 4 documents, 100 clients that follow one live query over them
const path = require('node:path');
const {createRequire} = require('node:module');
const WebSocket = createRequire(path.join(__dirname, '..', 'tests', 'interop', 'package.json'))('ws');

const [url, scenario, seconds] = [process.argv[2], process.argv[3], Number(process.argv[4])];

class Client {
  constructor() {
    this.seq = 1;
    this.acks = 0;
    this.received = 0;
    this.versions = new Map();
    this.waiting = [];
    this.pending = new Map();
    this.socket = new WebSocket(url, {perMessageDeflate: false});
    this.ready = new Promise((resolve, reject) => {
      this.socket.on('error', reject);
      this.socket.on('message', (data) => this.take(JSON.parse(data), resolve));
    });
  }

  take(message, resolve) {
    if (message.error) throw new Error(JSON.stringify(message));
    if (message.a === 'init') this.send({a: 'hs', id: null, protocol: 1, protocolMinor: 2});
    else if (message.a === 'hs') (this.src = message.id, resolve(this));
    else if (message.a === 'op' && message.src === this.src && message.op === undefined && !message.create) this.acked(message);
    else if (message.a === 'op') (this.received++, this.saw(message));
    else if (message.a === 'q') this.received++;
    else if (this.waiting.length) this.waiting.shift()(message);
  }

  saw({d, v}) { this.versions.set(d, Math.max(this.versions.get(d) || 0, v + 1)); }

  acked(message) {
    this.acks++;
    this.saw(message);
    this.pending.get(message.seq)(message);
    this.pending.delete(message.seq);
  }

  send(message) { this.socket.send(JSON.stringify(message)); }
  ask(message) { return new Promise((resolve) => { this.waiting.push(resolve); this.send(message); }); }

  op(id, body) {
    const seq = this.seq++;
    return new Promise((resolve) => {
      this.pending.set(seq, resolve);
      this.send({a: 'op', c: 'load', d: id, v: this.versions.get(id) || 0, seq, x: {}, ...body});
    });
  }

  async follow(id) { this.versions.set(id, (await this.ask({a: 's', c: 'load', d: id})).data.v); }

  async writeUntil(end, id) {
    while (Date.now() < end) await this.op(id, {op: [{p: ['n'], na: 1}]});
  }
}

const clients = (count) => Promise.all(Array.from({length: count}, () => new Client().ready));
const create = (client, id) => client.op(id, {create: {type: 'http://sharejs.org/types/JSONv0', data: {n: 0, text: 'hello'}}});
const names = (prefix, count) => Array.from({length: count}, (_, i) => `${prefix}${i}`);

const scenarios = {
  async own() {
    const all = await clients(32);
    const work = all.flatMap((client, i) => names(`own${i}-`, 8).map((id) => [client, id]));
    await Promise.all(work.map(([client, id]) => create(client, id)));
    return measure(all, (end) => work.map(([client, id]) => client.writeUntil(end, id)));
  },
  async shared() {
    const all = await clients(32);
    await create(all[0], 'shared');
    for (const client of all) await client.follow('shared');
    return measure(all, (end) => all.map((client) => client.writeUntil(end, 'shared')));
  },
  async fanout() {
    const all = await clients(204);
    const ids = names('fan', 4);
    await Promise.all(ids.map((id, i) => create(all[i], id)));
    for (const client of all.slice(4)) for (const id of ids) await client.follow(id);
    return measure(all, (end) => ids.map((id, i) => all[i].writeUntil(end, id)));
  },
  async queries() {
    const all = await clients(104);
    const ids = names('q', 4);
    await Promise.all(ids.map((id, i) => create(all[i], id)));
    for (const client of all.slice(4)) await client.ask({a: 'qs', id: 1, c: 'load', q: {}, o: {}});
    return measure(all, (end) => ids.map((id, i) => all[i].writeUntil(end, id)));
  }
};

async function measure(all, work) {
  const sum = (key) => all.reduce((total, client) => total + client[key], 0);
  const [acks, received, start] = [sum('acks'), sum('received'), process.hrtime.bigint()];
  await Promise.all(work(Date.now() + seconds * 1000));
  const took = Number(process.hrtime.bigint() - start) / 1e9;
  return {acks: (sum('acks') - acks) / took, received: (sum('received') - received) / took};
}

scenarios[scenario]().then((result) => { console.log(JSON.stringify(result)); process.exit(0); });
