'use strict';
// Drives one version of the original client through what an application does.
//
//   node client_scenario.js PACKAGE URL
//
// Prints a line of JSON for every step that held, and exits with 1 and a reason at the first
// that did not. Nothing here knows which server answers.
const assert = require('node:assert/strict');
const WebSocket = require('ws');

const [packageName, url] = process.argv.slice(2);
const {Connection} = require(`${packageName}/lib/client`);
const version = require(`${packageName}/package.json`).version;
const PATIENCE = 8000;
const run = `${version}-${process.pid}`;
const PEOPLE = `people-${run}`;

function connect() {
  const connection = new Connection(new WebSocket(url));
  connection.on('error', (error) => fail('connection', error));
  return connection;
}

function fail(step, error) {
  console.error(`${packageName} ${version}: ${step}: ${error && error.stack || error}`);
  process.exit(1);
}

function call(target, method, ...args) {
  return new Promise((resolve, reject) => {
    target[method](...args, (error, value) => error ? reject(error) : resolve(value));
  });
}

function refusal(promise) {
  return promise.then(() => assert.fail('nothing was refused'), (error) => error);
}

async function until(what, condition) {
  const end = Date.now() + PATIENCE;
  while (!condition()) {
    if (Date.now() > end) assert.fail(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
}

function queryOf(connection, collection, query) {
  return new Promise((resolve, reject) => {
    const live = connection.createSubscribeQuery(collection, query, null, (error) => {
      error ? reject(error) : resolve(live);
    });
  });
}

function found(connection, collection, query) {
  return new Promise((resolve, reject) => {
    connection.createFetchQuery(collection, query, null, (error, results, extra) => {
      error ? reject(error) : resolve({ids: (results || []).map((doc) => doc.id), extra});
    });
  });
}

const steps = {
  async 'creates a document that another client sees'({a, b}) {
    const mine = a.get(PEOPLE, 'fred');
    await call(mine, 'create', {age: 30, name: 'Fred 😀', list: []});
    const theirs = b.get(PEOPLE, 'fred');
    await call(theirs, 'subscribe');
    await call(mine, 'subscribe');
    assert.deepEqual(theirs.data, {age: 30, name: 'Fred 😀', list: []});
    assert.equal(theirs.version, 1);
  },

  async 'edits at once from two clients converge'({a, b}) {
    const docs = [a.get(PEOPLE, 'fred'), b.get(PEOPLE, 'fred')];
    const edits = [];
    for (let i = 0; i < 40; i++) {
      for (const [who, doc] of docs.entries()) {
        const length = doc.data.name.length;
        edits.push(call(doc, 'submitOp', [{p: ['name', (i * 7 + who) % (length + 1)], si: who ? '𝄞' : 'x'}]));
        edits.push(call(doc, 'submitOp', [{p: ['list', 0], li: [who, i]}, {p: ['age'], na: 1}]));
      }
      if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(edits);
    await until('both are at one version', () => docs[0].version === docs[1].version);
    assert.deepEqual(docs[0].data, docs[1].data);
    assert.equal(docs[0].data.age, 30 + 80);
    assert.equal(docs[0].data.list.length, 80);
  },

  async 'a live query follows creates, edits and deletes'({a, b}) {
    const live = await queryOf(a, PEOPLE, {age: {$gt: 100}});
    assert.deepEqual(live.results.map((doc) => doc.id), ['fred']);
    const ginger = b.get(PEOPLE, 'ginger');
    await call(ginger, 'create', {age: 90, name: 'Ginger'});
    await call(ginger, 'submitOp', [{p: ['age'], na: 20}]);
    await until('the edit brings it in', () => live.results.some((doc) => doc.id === 'ginger'));
    await call(ginger, 'submitOp', [{p: ['name', 0], si: '!'}]);
    await until('its ops come with it', () => a.get(PEOPLE, 'ginger').data.name === '!Ginger');
    await call(ginger, 'del');
    await until('the delete takes it out', () => live.results.length === 1);
    live.destroy();
  },

  async 'fetched queries sort, limit and count'({a}) {
    const docs = ['p', 'q', 'r'].map((id) => a.get(PEOPLE, id));
    await Promise.all(docs.map((doc, i) => call(doc, 'create', {rank: 3 - i})));
    assert.deepEqual((await found(a, PEOPLE, {rank: {$exists: true}, $sort: {rank: 1}, $limit: 2})).ids, ['r', 'q']);
    assert.equal((await found(a, PEOPLE, {rank: {$gte: 2}, $count: true})).extra, 2);
  },

  async 'an edit made while offline arrives once after reconnecting'({a, b}) {
    const mine = a.get(PEOPLE, 'fred');
    const theirs = b.get(PEOPLE, 'fred');
    const before = mine.data.age;
    b.socket.terminate();
    await until('the cut is noticed', () => b.state === 'disconnected');
    const pending = [call(theirs, 'submitOp', [{p: ['age'], na: 5}]), call(theirs, 'submitOp', [{p: ['age'], na: 7}])];
    await call(mine, 'submitOp', [{p: ['age'], na: 100}]);
    b.bindToSocket(new WebSocket(url));
    await Promise.all(pending);
    await until('both agree', () => mine.version === theirs.version && mine.data.age === theirs.data.age);
    assert.equal(mine.data.age, before + 112);
  },

  async 'an op whose acknowledgement was lost is committed once'({a, b}) {
    const mine = a.get(PEOPLE, 'fred');
    const theirs = b.get(PEOPLE, 'fred');
    const before = mine.data.age;
    const base = mine.version;
    const pending = call(theirs, 'submitOp', [{p: ['age'], na: 1}]);
    b.socket.onmessage = () => {}; // the acknowledgement is sent, and nobody hears it
    await until('the op is committed', () => mine.version === base + 1);
    b.socket.terminate();
    await until('the cut is noticed', () => b.state === 'disconnected');
    b.bindToSocket(new WebSocket(url));
    await pending;
    assert.equal(theirs.version, base + 1);
    assert.equal(theirs.data.age, before + 1);
  },

  async 'refusals name their code and leave the connection usable'({a, b}) {
    const nobody = a.get(PEOPLE, 'nobody');
    await call(nobody, 'fetch');
    const twice = b.get(PEOPLE, 'fred');
    const error = await refusal(call(b.get(PEOPLE, 'p'), 'create', {}));
    assert.equal(error.code, 'ERR_DOC_ALREADY_CREATED');
    await call(twice, 'submitOp', [{p: ['age'], na: 1}]);
  },

  async 'a deleted document can be created again'({a}) {
    const doc = a.get(PEOPLE, 'q');
    await call(doc, 'del');
    await call(doc, 'create', {again: true});
    assert.equal(doc.version, 3);
  },

  async 'bulk subscriptions bring every document'({a, b}) {
    b.startBulk();
    const docs = ['p', 'q', 'r', 'unknown'].map((id) => b.get(PEOPLE, id));
    const all = Promise.all(docs.map((doc) => call(doc, 'subscribe')));
    b.endBulk();
    await all;
    assert.deepEqual(docs.map((doc) => doc.type && doc.version), [1, 3, 1, null]);
    await call(a.get(PEOPLE, 'r'), 'subscribe');
    await call(a.get(PEOPLE, 'r'), 'submitOp', [{p: ['rank'], na: 10}]);
    await until('the op arrives', () => docs[2].data.rank === 11);
  }
};

if (typeof Connection.prototype.getPresence === 'function') {
  steps['presence is shown to others and cleared on leaving'] = async ({a, b}) => {
    const room = `room-${run}`;
    const seen = b.getPresence(room);
    await call(seen, 'subscribe');
    const local = a.getPresence(room).create('cursor');
    await call(local, 'submit', {cell: 'c1', at: 3});
    await until('it is seen', () => seen.remotePresences.cursor);
    assert.deepEqual(seen.remotePresences.cursor, {cell: 'c1', at: 3});
    await call(local, 'submit', null);
    await until('it is gone', () => !seen.remotePresences.cursor);
  };
}

if (typeof Connection.prototype.fetchSnapshot === 'function') {
  steps['old versions can be fetched'] = async ({a}) => {
    const snapshot = await call(a, 'fetchSnapshot', PEOPLE, 'fred', 1);
    assert.deepEqual(snapshot.data, {age: 30, name: 'Fred 😀', list: []});
  };
}

(async () => {
  const clients = {a: connect(), b: connect()};
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step(clients);
    } catch (error) {
      fail(name, error);
    }
    console.log(JSON.stringify({version, step: name}));
  }
  process.exit(0);
})();
