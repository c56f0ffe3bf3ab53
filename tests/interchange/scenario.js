// One JavaScript client writes or reads documents, through a Node server on MongoDB or through
// any other server: node scenario.js DATABASE-URL|WEBSOCKET-URL first|second|read [nested]
'use strict';

const path = require('path');
const {createRequire} = require('module');
const load = createRequire(path.join(__dirname, '..', 'interop', 'package.json'));
const {Connection, Backend} = {
  Connection: load('sharedb-7/lib/client').Connection,
  Backend: load('sharedb-7')
};

const [url, action, nested] = process.argv.slice(2);
const INTERVAL = 3;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

function promised(start) {
  return new Promise((resolve, reject) => start((error, result) => (error ? reject(error) : resolve(result))));
}

function connect() {
  if (url.startsWith('ws')) {
    const socket = new (load('ws'))(url);
    return {connection: new Connection(socket), close: async() => socket.close()};
  }
  const Milestones = load('sharedb-milestone-mongo');
  const backend = new Backend({
    db: load('sharedb-mongo')(url),
    milestoneDb: new Milestones(url, {interval: INTERVAL})
  });
  let saving = 0;
  const save = backend.milestoneDb.saveMilestoneSnapshot;
  backend.milestoneDb.saveMilestoneSnapshot = function(collection, snapshot, callback) {
    saving++;
    save.call(this, collection, snapshot, (error) => {
      saving--;
      if (callback) callback(error);
    });
  };
  const close = async() => {
    while (saving) await new Promise((resolve) => setTimeout(resolve, 10));
    await promised((done) => backend.close(done));
  };
  return {connection: backend.connect(), close};
}

const deep = nested ? [[1, [2]], []] : [{x: [1]}];

const STEPS = {
  first: [
    ['a', 'create', {n: 1, half: 0.5, big: 5000000000, min: -2147483648, over: 2147483648, none: null,
      yes: true, text: 'é字😀', list: [1, 'two', null], deep, empty: {}, '': 'no name', _own: {_v: 1}}],
    ['a', 'op', [{p: ['n'], na: 2.5}]],
    ['a', 'op', [{p: ['list', 1], ld: 'two', li: {x: 1}}, {p: ['text', 1], si: '-'}]],
    ['a', 'op', [{p: ['big'], od: 5000000000}, {p: ['added'], oi: 9007199254740991}]],
    ['b', 'create', [1, 2, 3]],
    ['b', 'op', [{p: [0], lm: 2}]],
    ['c', 'create', 'text'],
    ['c', 'op', [{p: [4], si: '!'}]],
    ['d', 'create', 5],
    ['e', 'create', {x: 1}],
    ['e', 'op', [{p: ['x'], na: 1}]],
    ['e', 'del'],
    ['f', 'create', {x: 1}],
    ['f', 'del'],
    ['f', 'create', ['again']],
    ['g', 'create', {}],
    ['g', 'op', []],
    ['h', 'create', null]
  ],
  second: [
    ['a', 'op', [{p: ['n'], na: 1}]],
    ['a', 'op', [{p: ['deep', 0], lm: 0}]],
    ['a', 'op', [{p: ['none'], od: null, oi: {now: 'something'}}]],
    ['b', 'op', [{p: [0], ld: 2}]],
    ['b', 'del'],
    ['c', 'op', [{p: [0], sd: 'te'}]],
    ['d', 'op', [{p: [], od: 5, oi: {five: 5}}]],
    ['e', 'create', {back: true}],
    ['e', 'op', [{p: ['back'], od: true}]],
    ['f', 'op', [{p: [0], ld: 'again'}]],
    ['f', 'del'],
    ['f', 'create', {third: 1}],
    ['g', 'op', [{p: ['x'], oi: 1}]],
    ['h', 'op', [{p: [], od: null, oi: [1]}]]
  ]
};

async function write(connection, steps) {
  for (const [name, kind, value] of steps) {
    const doc = connection.get('notes', name);
    await promised((done) => doc.fetch(done));
    if (kind === 'create') await promised((done) => doc.create(value, done));
    else if (kind === 'del') await promised((done) => doc.del(done));
    else await promised((done) => doc.submitOp(value, done));
  }
}

function state(snapshot) {
  const {v, version, type, data} = snapshot;
  const uri = type ? type.uri || type : null;
  // Node answers null as the data of a deleted document that it found as a milestone.
  return {v: v === undefined ? version : v, type: uri, data: uri ? data : undefined};
}

async function history(connection, name) {
  // A client that has the empty document replays what it is sent.
  const doc = connection.get('notes', name);
  const events = [];
  doc.on('create', () => events.push(['create', doc.data]));
  doc.on('del', (data) => events.push(['del', data]));
  doc.on('op', (op) => events.push(['op', op]));
  await promised((done) => doc.ingestSnapshot({v: 0, type: null}, done));
  await promised((done) => doc.fetch(done));
  return {events, end: state(doc)};
}

async function read(connection, other) {
  const result = {docs: {}, versions: {}, history: {}, queries: {}};
  for (const name of NAMES) {
    const doc = connection.get('notes', name);
    await promised((done) => doc.fetch(done));
    result.docs[name] = state(doc);
    result.versions[name] = [];
    for (let v = 0; v <= doc.version; v++) {
      result.versions[name].push(state(await promised((done) => connection.fetchSnapshot('notes', name, v, done))));
    }
    result.history[name] = await history(other, name);
  }
  for (const query of [{}, {n: {$gt: 4}}, {_data: 1}, {x: null}, {$count: true}, {$sort: {_id: -1}, $limit: 2}]) {
    const found = await new Promise((resolve, reject) => connection.createFetchQuery('notes', query, {},
      (error, docs, extra) => (error ? reject(error) : resolve([docs.map((doc) => doc.id), extra]))));
    result.queries[JSON.stringify(query)] = query.$sort ? found : [found[0].sort(), found[1]];
  }
  return result;
}

(async() => {
  const {connection, close} = connect();
  if (action === 'read') {
    const other = connect();
    console.log(JSON.stringify(await read(connection, other.connection)));
    await other.close();
  } else {
    await write(connection, STEPS[action]);
  }
  await close();
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
