// Twelve clients of a cluster: node clients.js OPS URL URL … ; told what to do on standard input.
'use strict';

const path = require('path');
const readline = require('readline');
const {createRequire} = require('module');
const load = createRequire(path.join(__dirname, '..', 'interop', 'package.json'));
const {Connection} = load('sharedb-7/lib/client');
const WebSocket = load('ws');

const ops = Number(process.argv[2]);
const urls = process.argv.slice(3);
const CLIENTS = Number(process.env.CLUSTER_CLIENTS || 12);
const COLD = 24;
const IN_FLIGHT = 4;

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const soon = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const promised = (start) => new Promise((resolve, reject) => start((error, result) =>
  (error ? reject(error) : resolve(result))));

class Client {
  constructor(number) {
    this.number = number;
    this.server = number % urls.length;
    this.acked = 0;
    this.failed = [];
    this.connection = new Connection(this.socket());
    this.connection.on('error', (error) => this.failed.push(`connection: ${error.message}`));
    this.docs = [this.connection.get('hot', 'one')];
    for (let n = 0; n < COLD; n++) this.docs.push(this.connection.get(`cold${n % 3}`, `d${n}`));
  }

  socket() {
    const socket = new WebSocket(urls[this.server]);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.closed) return;
      this.server = (this.server + 1) % urls.length;
      setTimeout(() => !this.closed && this.connection.bindToSocket(this.socket()), 100);
    });
    return socket;
  }

  async open() {
    await Promise.all(this.docs.map((doc) => promised((done) => doc.subscribe(done))));
    this.query = this.connection.createSubscribeQuery('cold0', {n: {$mod: [2, 1]}}, {});
    this.sorted = this.connection.createSubscribeQuery('cold1', {$sort: {n: -1, _id: 1}, $limit: 3}, {});
    await Promise.all([this.query, this.sorted].map((query) =>
      new Promise((resolve, reject) => query.on('ready', resolve).on('error', reject))));
    this.presence = this.connection.getPresence('room');
    await promised((done) => this.presence.subscribe(done));
    this.here = this.presence.create(`p${this.number}`);
    await promised((done) => this.here.submit({at: 0}, done));
  }

  async write(count) {
    const name = `c${this.number}`;
    let started = 0;
    const one = async() => {
      while (started < count) {
        const n = started++;
        // Every third op is for the hot document, every fifth of those also a word in its text.
        const hot = n % 3 === 0;
        const doc = this.docs[hot ? 0 : 1 + ((n * 7 + this.number) % COLD)];
        const op = hot ? [{p: ['by', name], na: 1}] : [{p: ['n'], na: 1}, {p: ['by', name], na: 1}];
        if (hot && n % 15 === 0) op.push({p: ['text', 0], si: `${name}.${n} `});
        try {
          await promised((done) => doc.submitOp(op, done));
          this.acked++;
        } catch (error) {
          this.failed.push(`at server ${this.server}, op ${doc.collection}.${doc.id}: ${error.code} ${error.message}`);
        }
        if (n % 50 === 0) this.here.submit({at: n}, () => {});
      }
    };
    await Promise.all(Array.from({length: IN_FLIGHT}, one));
  }

  state() {
    return {
      docs: Object.fromEntries(this.docs.map((doc) => [`${doc.collection}.${doc.id}`, [doc.version, doc.data]])),
      query: this.query.results.map((doc) => doc.id).sort(),
      sorted: this.sorted.results.map((doc) => doc.id),
      presence: Object.keys(this.presence.remotePresences).sort(),
      server: this.server,
      acked: this.acked,
      failed: this.failed,
      pending: this.docs.filter((doc) => doc.hasPending()).length
    };
  }
}

async function create(client) {
  const by = {};
  for (let n = 0; n < CLIENTS; n++) by[`c${n}`] = 0;
  for (const doc of client.docs) {
    await promised((done) => doc.create({n: 0, by: {...by}, text: ''}, done));
  }
}

const clients = [];
const commands = {
  async open() {
    for (let number = 0; number < CLIENTS; number++) clients.push(new Client(number));
    await create(clients[0]);
    await Promise.all(clients.map((client) => client.open()));
  },
  async write() {
    const timer = setInterval(() => say({acked: clients.reduce((sum, client) => sum + client.acked, 0)}), 100);
    await Promise.all(clients.map((client) => client.write(Math.ceil(ops / CLIENTS))));
    clearInterval(timer);
  },
  // A last op on every document, which tells of itself to servers that missed others.
  async touch() {
    for (const doc of clients[0].docs) {
      await promised((done) => doc.submitOp([{p: ['n'], na: 1}], done));
    }
  },
  async state() {
    say({states: clients.map((client) => client.state())});
  },
  async presence() {
    // Someone who says that it is here and is never heard of again.
    clients.push(new Client(0));
    const [ghost] = clients;
    const presence = ghost.connection.getPresence('room');
    await promised((done) => presence.subscribe(done));
    await promised((done) => presence.create('ghost').submit({at: -1}, done));
  }
};

(async() => {
  for await (const line of readline.createInterface({input: process.stdin})) {
    await commands[line]();
    say({done: line});
  }
  for (const client of clients) client.closed = true;
  await soon(10);
  process.exit(0);
})().catch((error) => {
  say({error: error.stack});
  process.exit(1);
});
