'use strict';
// Two clients of the newest version edit one rich text at once, and see each other's selections.
//
//   node rich_text_scenario.js URL
//
// Prints what both ended with, as one line of JSON.
const {Connection, types} = require('sharedb-7/lib/client');
const WebSocket = require('ws');
const richText = require('rich-text');

types.register(richText.type);
const url = process.argv[2];
const connect = () => new Connection(new WebSocket(url));
const call = (target, method, ...args) => new Promise((resolve, reject) => {
  target[method](...args, (error, value) => error ? reject(error) : resolve(value));
});
const once = (target, event) => new Promise((resolve) => target.once(event, (...args) => resolve(args)));

async function main() {
  const [ada, bob] = [connect(), connect()];
  const [mine, theirs] = [ada, bob].map((connection) => connection.get('texts', `t${process.pid}`));
  await call(mine, 'create', [{insert: 'Hello 😀\n'}], 'rich-text');
  await call(theirs, 'subscribe');
  await call(mine, 'subscribe');

  const watched = bob.getDocPresence('texts', mine.id);
  await call(watched, 'subscribe');
  const selection = ada.getDocPresence('texts', mine.id).create('ada');
  const seen = once(watched, 'receive');
  selection.submit({index: 0, length: 5});
  await seen;

  // Each behind the other: the server transforms, and both clients must agree with it.
  for (let i = 0; i < 20; i++) {
    mine.submitOp(new richText.Delta().retain(6 + i).insert(`${i % 10}`, {bold: true}));
    theirs.submitOp(new richText.Delta().retain(2, {color: 'red'}).insert('é').delete(i % 2));
    if (i % 5 === 0) await Promise.all([call(mine, 'whenNothingPending'), call(theirs, 'whenNothingPending')]);
  }
  await Promise.all([mine, theirs].map((doc) => new Promise((resolve) => doc.whenNothingPending(resolve))));
  while (mine.version !== theirs.version) await new Promise((resolve) => setTimeout(resolve, 5));
  const fresh = connect().get('texts', mine.id);
  await call(fresh, 'fetch');
  console.log(JSON.stringify({
    versions: [mine.version, theirs.version, fresh.version],
    docs: [mine.data.ops, theirs.data.ops, fresh.data.ops],
    selection: watched.remotePresences.ada,
  }));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
