'use strict';
// Scenes that the original client plays against the server of a test.
//
//   node scenes.js SCENE URL
//
// Prints what it observed as a line of JSON. Run in tests/interop, where the clients are.
const assert = require('node:assert/strict');
const {createRequire} = require('node:module');
const load = createRequire(process.cwd() + '/');
const WebSocket = load('ws');

const [scene, url] = process.argv.slice(2);
const PATIENCE = 8000;

function connect(packageName = 'sharedb-7') {
  const {Connection} = load(`${packageName}/lib/client`);
  const connection = new Connection(new WebSocket(url));
  connection.on('error', (error) => connection.emit('seen error', error));
  return connection;
}

function call(target, method, ...args) {
  return new Promise((resolve, reject) => {
    target[method](...args, (error, value) => error ? reject(error) : resolve(value));
  });
}

async function until(what, condition) {
  const end = Date.now() + PATIENCE;
  while (!condition()) {
    if (Date.now() > end) assert.fail(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
}

function frames(connection) {
  const seen = [];
  connection.on('receive', (request) => seen.push(request.data));
  return seen;
}

async function cut(connection) {
  connection.socket.terminate();
  await until('the cut is noticed', () => connection.state === 'disconnected');
}

const reconnect = (connection) => connection.bindToSocket(new WebSocket(url));
const ready = (connection) => until('it is connected', () => connection.state === 'connected');
const codeOf = (promise) => promise.then(() => null, (error) => error.code);

// Send an op and lose everything the server says from now on, until reconnected.
async function loseAcknowledgement(connection, other, submit) {
  const before = other.version;
  connection.socket.onmessage = () => {};
  const done = submit();
  await until('the op is committed', () => other.version > before);
  await cut(connection);
  reconnect(connection);
  await done;
}

function queryOf(connection, collection, query) {
  return new Promise((resolve, reject) => {
    const live = connection.createSubscribeQuery(collection, query, null, (error) => {
      error ? reject(error) : resolve(live);
    });
  });
}

const scenes = {
  async handshakes() {
    const a = connect();
    const seen = frames(a);
    await until('three greetings came', () => seen.length >= 3);
    await call(a.get('dogs', 'fido'), 'fetch');
    const greetings = seen.filter((message) => message.a === 'init' || message.a === 'hs');
    return {received: greetings.map((message) => message.a), ids: greetings.map((message) => message.id)};
  },

  async legacy() {
    const [a, b] = [connect('sharedb-1.1'), connect('sharedb-1.1')];
    await ready(a);
    const before = a.id;
    const [mine, theirs] = [a.get('dogs', 'fido'), b.get('dogs', 'fido')];
    await call(theirs, 'subscribe');
    await call(mine, 'create', {n: 1});
    await until('the create arrives', () => theirs.version === 1);
    await loseAcknowledgement(a, theirs, () => call(mine, 'submitOp', [{p: ['n'], na: 1}]));
    return {before, after: a.id, data: mine.data};
  },

  async reconnects() {
    const [a, b] = [connect(), connect()];
    await ready(a);
    const before = a.id;
    const [mine, theirs] = [a.get('dogs', 'fido'), b.get('dogs', 'fido')];
    await call(theirs, 'subscribe');
    await call(mine, 'create', {n: 1});
    await until('the create arrives', () => theirs.version === 1);
    await loseAcknowledgement(a, theirs, () => call(mine, 'submitOp', [{p: ['n'], na: 1}]));
    await call(mine, 'submitOp', [{p: ['n'], na: 1}]);
    return {before, after: a.id};
  },

  async createsOverDeleted() {
    const [mine, fresh] = [connect().get('dogs', 'fido'), connect().get('dogs', 'fido')];
    const versions = [];
    await call(mine, 'create', {});
    versions.push(mine.version);
    await call(mine, 'del');
    versions.push(mine.version);
    await call(fresh, 'create', {});
    versions.push(fresh.version);
    return versions;
  },

  async resendsCreate() {
    const [a, b] = [connect(), connect()];
    const [mine, theirs] = [a.get('dogs', 'fido'), b.get('dogs', 'fido')];
    await call(theirs, 'subscribe');
    await loseAcknowledgement(a, theirs, () => call(mine, 'create', {n: 1}));
    return {version: mine.version, data: mine.data};
  },

  async createsSecond() {
    const [mine, theirs] = [connect().get('dogs', 'fido'), connect().get('dogs', 'fido')];
    await call(theirs, 'create', {first: true});
    const code = await codeOf(call(mine, 'create', {second: true}));
    await call(mine, 'fetch');
    return {code, data: mine.data, version: mine.version};
  },

  async isBehind() {
    const [a, b] = [connect(), connect()];
    const [mine, theirs] = [a.get('dogs', 'fido'), b.get('dogs', 'fido')];
    await call(theirs, 'create', {n: 1});
    await call(mine, 'fetch');
    await call(theirs, 'submitOp', [{p: ['n'], na: 1}]);
    await call(theirs, 'submitOp', [{p: ['n'], na: 1}]);
    const sent = [];
    a.on('send', (message) => sent.push(message.a));
    await call(mine, 'submitOp', [{p: ['n'], na: 1}]);
    return {data: mine.data, version: mine.version, sent};
  },

  async noOps() {
    const [mine, theirs] = [connect().get('dogs', 'fido'), connect().get('dogs', 'fido')];
    await call(mine, 'create', {n: 1});
    await call(theirs, 'subscribe');
    await call(mine, 'submitOp', [{p: ['x'], oi: 1}]);
    await call(mine, 'submitOp', [{p: ['n'], na: 1}]);
    await until('both ops arrive', () => theirs.version === 3);
    return {version: theirs.version, data: theirs.data};
  },

  async sameDelete() {
    const [mine, theirs] = [connect().get('dogs', 'fido'), connect().get('dogs', 'fido')];
    await call(mine, 'create', {n: 1});
    await call(theirs, 'fetch');
    await call(mine, 'submitOp', [{p: ['n'], od: 1}]);
    await call(theirs, 'submitOp', [{p: ['n'], od: 1}]);
    return {data: theirs.data, version: theirs.version};
  },

  async fixups() {
    const [mine, theirs] = [connect().get('dogs', 'fido'), connect().get('dogs', 'fido')];
    await call(mine, 'create', {n: 1, fixed: 0});
    await call(theirs, 'subscribe');
    await call(mine, 'submitOp', [{p: ['n'], na: 1}]);
    await call(mine, 'submitOp', [{p: ['n'], na: 1}]);
    await until('both ops arrive', () => theirs.version === 3);
    const state = (doc) => ({version: doc.version, data: doc.data});
    return {mine: state(mine), theirs: state(theirs)};
  },

  async silentRejection() {
    const connection = connect();
    const doc = connection.get('dogs', 'fido');
    const errors = [];
    doc.on('error', (error) => errors.push(error.code));
    await new Promise((resolve) => doc.subscribe(resolve));
    return {errors, version: doc.version, subscribed: doc.subscribed};
  },

  async seesGap() {
    const [mine, theirs] = [connect().get('dogs', 'fido'), connect().get('dogs', 'fido')];
    await call(mine, 'create', {n: 1});
    await call(theirs, 'subscribe');
    for (let i = 0; i < 3; i++) await call(mine, 'submitOp', [{p: ['n'], na: 1}]);
    await until('all ops are there', () => theirs.version === 4);
    return {version: theirs.version, data: theirs.data};
  },

  async hugeSeq() {
    const connection = connect();
    const doc = connection.get('dogs', 'fido');
    await call(doc, 'create', {n: 1});
    connection.seq = Number.MAX_SAFE_INTEGER;
    const refused = new Promise((resolve) => doc.on('error', (error) => resolve(error.code)));
    doc.submitOp([{p: ['n'], na: 1}]);
    return refused;
  },

  async queryAfterCut() {
    const [a, b] = [connect(), connect()];
    const docs = Object.fromEntries(['fido', 'rex', 'spot'].map((id) => [id, b.get('dogs', id)]));
    for (const [id, doc] of Object.entries(docs)) await call(doc, 'create', {age: id === 'spot' ? 1 : 3});
    const live = await queryOf(a, 'dogs', {age: 3});
    const before = live.results.map((doc) => doc.id).sort();
    await cut(a);
    await call(docs.fido, 'submitOp', [{p: ['age'], na: 5}]);
    await call(docs.spot, 'submitOp', [{p: ['age'], na: 2}]);
    reconnect(a);
    await until('the results are right', () => live.results.some((doc) => doc.id === 'spot'));
    return {before, after: live.results.map((doc) => doc.id).sort()};
  },

  async queryMoves() {
    const [a, b] = [connect(), connect()];
    const docs = ['a', 'b', 'c'].map((id) => b.get('dogs', id));
    for (const [age, doc] of docs.entries()) await call(doc, 'create', {age});
    const live = await queryOf(a, 'dogs', {$sort: {age: 1}});
    const events = [];
    for (const name of ['insert', 'move', 'remove']) live.on(name, () => events.push(name));
    await call(docs[0], 'submitOp', [{p: ['age'], na: 9}]);
    await until('something happens', () => events.length);
    return {events, ids: live.results.map((doc) => doc.id)};
  },

  async presenceAgain() {
    const [a, b, c] = [connect(), connect(), connect()];
    const mine = a.getPresence('room');
    await call(mine, 'subscribe');
    const [here, gone] = [mine.create('here'), mine.create('gone')];
    const first = b.getPresence('room');
    await call(first, 'subscribe');
    await call(here, 'submit', 1);
    await call(gone, 'submit', 2);
    await until('both are seen', () => Object.keys(first.remotePresences).length === 2);
    const atFirst = {...first.remotePresences};
    await call(gone, 'submit', null);
    const second = c.getPresence('room');
    await call(second, 'subscribe');
    await until('what is there is said again', () => second.remotePresences.here);
    const atSecond = {...second.remotePresences};
    a.close();
    const left = () => [first, second].every((presence) => !Object.keys(presence.remotePresences).length);
    await until('it has left', left);
    return {first: atFirst, second: atSecond, afterLeaving: first.remotePresences};
  },

  async presenceOrder() {
    const [a, b] = [connect(), connect()];
    const seen = [];
    const theirs = b.getPresence('room');
    await call(theirs, 'subscribe');
    theirs.on('receive', (id, value) => seen.push(value));
    await ready(a);
    const say = (p, pv) => a.send({a: 'p', ch: 'room', id: 'cursor', p, pv});
    for (const [value, pv] of [['first', 5], ['second', 5], ['late', 4], ['third', 6]]) say(value, pv);
    await until('the last one is there', () => seen.includes('third'));
    return seen;
  },

  async presenceRequest() {
    const [a, b] = [connect(), connect()];
    const mine = a.getPresence('room');
    await call(mine, 'subscribe');
    await call(mine.create('cursor'), 'submit', 1);
    const observed = {asked: 0, said: 0};
    a.on('receive', (request) => { if (request.data.a === 'pr') observed.asked++; });
    a.on('send', (message) => { if (message.a === 'p') observed.said++; });
    const answered = new Promise((resolve) => b.on('receive', (request) => {
      if (request.data.a === 'pr') resolve(request.data);
    }));
    await ready(b);
    b.send({a: 'pr', ch: 'room'});
    assert.deepEqual(await answered, {a: 'pr'});
    await until('it is said again', () => observed.said);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return observed;
  },

  async surrogates() {
    const [a, b, c] = [connect(), connect(), connect()];
    const [mine, theirs, late] = [a, b, c].map((connection) => connection.get('dogs', 'fido'));
    await call(mine, 'create', {s: 'a😀xb'});
    await call(mine, 'subscribe');
    await call(theirs, 'subscribe');
    const texts = () => [mine, theirs, late].map((doc) => doc.data.s);
    await call(mine, 'submitOp', [{p: ['s', 2], si: '-'}]);
    await until('the pair is split', () => theirs.version === 2);
    await call(late, 'fetch');
    // As escapes: Node writes a lone half as U+FFFD.
    const split = texts().map((text) => JSON.stringify(text));
    await call(late, 'subscribe');
    await call(theirs, 'submitOp', [{p: ['s', 2], sd: '-'}]);
    await until('the pair is joined', () => mine.data.s.length === 5 && late.data.s.length === 5);
    return {split, joined: texts()};
  }
};

scenes[scene]().then((observed) => {
  console.log(JSON.stringify(observed));
  process.exit(0);
}, (error) => {
  console.error(error && error.stack || error);
  process.exit(1);
});
