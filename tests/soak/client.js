'use strict';
// One original client that edits shared documents at random, over a line that breaks.
//
//   node client.js '{"url": …, "seed": …, "ops": …, "edits": [[c, d], …], "watches": [[c, d], …]}'
//
// Says {"ready": true} when it follows them, {"done": …} when all its ops are answered; given a line {"versions": {"c.d": v}} it says
// {"docs": …} once it has reached them, and ends. Run in tests/interop, where the clients are.
const {createRequire} = require('node:module');
const readline = require('node:readline');
const load = createRequire(process.cwd() + '/');
const WebSocket = load('ws');
const options = JSON.parse(process.argv[2]);
const {Connection} = load(`${options.package || 'sharedb-7'}/lib/client`);

const OUTSTANDING = 3;
const LETTERS = ['a', 'b', 'c', 'ä', '😀', '𝄞', '"', '\\', '\u2028'];

// mulberry32: small, and the same on every machine
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const random = generator(options.seed);
const below = (n) => Math.floor(random() * n);
const pick = (items) => items[below(items.length)];
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n');
const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function value() {
  return pick([0, 1, -2.5, true, null, 'x', pick(LETTERS), [], [1, 2], {}, {deep: [1]}]);
}

function textOp(path, text) {
  const at = below(text.length + 1);
  if (text.length > 40 || (text.length && random() < 0.4)) {
    const start = below(text.length);
    return {p: [...path, start], sd: text.slice(start, start + 1 + below(3))};
  }
  return {p: [...path, at], si: pick(LETTERS) + pick(LETTERS)};
}

function listOp(path, list) {
  const at = below(list.length);
  if (!list.length || (list.length < 12 && random() < 0.4)) return {p: [...path, below(list.length + 1)], li: value()};
  const item = list[at];
  const kind = below(4);
  if (kind === 0) return {p: [...path, at], lm: below(list.length)};
  if (kind === 1) return {p: [...path, at], ld: item, li: value()};
  if (kind === 2) return inside([...path, at], item) || {p: [...path, at], ld: item};
  return {p: [...path, at], ld: item};
}

function mapOp(path, map) {
  const key = pick(['a', 'b', '5', 'long name']);
  if (!(key in map)) return {p: [...path, key], oi: value()};
  const kind = below(3);
  if (kind === 0) return {p: [...path, key], od: map[key]};
  if (kind === 1) return {p: [...path, key], od: map[key], oi: value()};
  return inside([...path, key], map[key]) || {p: [...path, key], od: map[key]};
}

function inside(path, item) {
  if (typeof item === 'number') return {p: path, na: below(7) - 3};
  if (typeof item === 'string') return textOp(path, item);
  if (Array.isArray(item)) return listOp(path, item);
  if (item && typeof item === 'object') return mapOp(path, item);
}

function randomOp(data) {
  const field = pick(['text', 'text', 'list', 'list', 'map', 'n']);
  return [inside([field], data[field])];
}

const connection = new Connection(new WebSocket(options.url));
connection.on('error', (error) => say({error: `connection: ${error.message}`}));
let ending = false;
let cuts = 0;
connection.on('state', async (state) => {
  if (state !== 'disconnected' || ending) return;
  cuts++;
  await delay(5 + below(20));
  if (ending) return;
  const socket = new WebSocket(options.url);
  socket.on('error', () => {});
  connection.bindToSocket(socket);
});

const get = ([collection, id]) => connection.get(collection, id);
const subscribed = (doc) => new Promise((resolve, reject) => doc.subscribe((error) => error ? reject(error) : resolve()));

async function main() {
  const docs = options.edits.map(get);
  const watched = [...docs, ...options.watches.map(get)];
  watched.forEach((doc) => doc.on('error', (error) => say({error: `${doc.id}: ${error.message}`})));
  await Promise.all(watched.map(subscribed));
  say({ready: true});
  docs.forEach((doc) => { doc.preventCompose = true; });
  const counts = {acked: 0, refused: 0};
  let outstanding = 0;
  let wake = () => {};
  for (let i = 0; i < options.ops; i++) {
    while (outstanding >= OUTSTANDING) await new Promise((resolve) => { wake = resolve; });
    const doc = pick(docs);
    outstanding++;
    doc.submitOp(randomOp(doc.data), (error) => {
      outstanding--;
      if (error) say({refused: error.message, code: error.code});
      counts[error ? 'refused' : 'acked']++;
      wake();
    });
    if (options.pause) await delay(options.pause);
  }
  while (outstanding) await new Promise((resolve) => { wake = resolve; });
  say({done: {...counts, cuts}});

  const lines = readline.createInterface({input: process.stdin});
  for await (const line of lines) {
    const {versions} = JSON.parse(line);
    while (watched.some((doc) => doc.version !== versions[`${doc.collection}.${doc.id}`])) await delay(5);
    say({docs: Object.fromEntries(watched.map((doc) => [
      `${doc.collection}.${doc.id}`,
      {version: doc.version, type: doc.type && doc.type.uri, data: doc.data}
    ]))});
    break;
  }
  ending = true;
  process.exit(0);
}

main().catch((error) => {
  say({error: String(error && error.stack || error)});
  process.exit(1);
});
