// Writes a history into MongoDB as a Node server does, and prints what Node says it was.
// node node_history.js MONGO_URL SEED STEPS
'use strict';
const Backend = require('sharedb');
const MongoDB = require('sharedb-mongo');
const MongoMilestones = require('sharedb-milestone-mongo');

// Standard output is for what Node tells; refused ops are expected.
Backend.logger.setMethods({info() {}, warn() {}, error() {}});

const [url, seedText, stepsText] = process.argv.slice(2);

let state = Number(seedText) >>> 0;
function random(below) { // mulberry32: the same numbers everywhere
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % below;
}

const call = (target, method, ...args) =>
  new Promise((resolve, reject) => {
    target[method](...args, (error, result) => (error ? reject(error) : resolve(result)));
  });

const WORDS = ['the ', 'quick ', 'é', '字', '😀', '\n'];

function edit(data) {
  const kind = random(7);
  const text = data.text;
  if (kind < 3) {
    let at = random(text.length + 1);
    if (at > 0 && text.charCodeAt(at - 1) >= 0xd800 && text.charCodeAt(at - 1) < 0xdc00) at--;
    return [{p: ['text', at], si: WORDS[random(WORDS.length)]}];
  }
  if (kind === 3 && text.length > 3) return [{p: ['text', 0], sd: Array.from(text)[0]}];
  if (kind === 4) return [{p: ['list', random(data.list.length + 1)], li: {n: random(9)}}];
  if (kind === 5 && data.list.length > 1) {
    return [{p: ['list', 0], lm: data.list.length - 1}];
  }
  if (kind === 6 && data.list.length) return [{p: ['list', 0, 'n'], na: 1}];
  return [{p: ['title'], ...(data.title === undefined ? {} : {od: data.title}), oi: `t${random(99)}`}];
}

async function act(doc) {
  if (!doc.type) return call(doc, 'create', {text: '', list: []});
  if (random(25) === 0) return call(doc, 'del');
  return call(doc, 'submitOp', edit(doc.data));
}

async function main() {
  const db = new MongoDB(url);
  const milestoneDb = new MongoMilestones({mongo: url, interval: 10});
  const backend = new Backend({db, milestoneDb, doNotForwardSendPresenceErrorsToClient: true});
  const docs = [];
  for (let i = 0; i < 3; i++) {
    const connection = backend.connect();
    connection.on('error', () => {}); // a create that came second, and the like
    docs.push(connection.get('docs', 'd'));
    docs[i].on('error', () => {});
    await call(docs[i], 'subscribe');
  }
  for (let step = 0; step < Number(stepsText); step++) {
    // Two at once: the second is transformed, or refused.
    const [one, other] = [docs[random(3)], docs[random(3)]];
    await Promise.allSettled([act(one), act(other)]);
    await Promise.all(docs.map((doc) => call(doc, 'fetch')));
  }
  const connection = backend.connect();
  const states = [];
  for (let version = 0; version <= docs[0].version; version++) {
    const {v, type, data} = await call(connection, 'fetchSnapshot', 'docs', 'd', version);
    states.push({v, type, data});
  }
  // A milestone is saved some time after its op.
  await new Promise((resolve) => setTimeout(resolve, 200));
  process.stdout.write(JSON.stringify(states));
  await call(backend, 'close');
  await call(milestoneDb, 'close').catch(() => {});
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
