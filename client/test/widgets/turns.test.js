'use strict';
const {test} = require('node:test');
const assert = require('node:assert');

const turn = () => new Promise((resolve) => setImmediate(resolve));

// A model that draws as plotting libraries do, and whose picture is there when the test says so.
async function drawing() {
  const {Turns} = await import('../../src/widgets/frame/turns.mjs');
  const image = new EventTarget();
  const heard = [];
  let loading = false;
  const turns = new Turns((message) => {
    heard.push(message);
    loading = message.startsWith('picture');
    if (message === 'broken') throw new Error('no such message');
  }, () => (loading ? [image] : []));
  const end = (how) => image.dispatchEvent(new Event(how));
  return {turns, heard, end};
}

test('a picture is there before the next message is heard', async () => {
  const {turns, heard, end} = await drawing();
  for (const message of ['a', 'picture 1', 'picture 2', 'b']) turns.put(message);
  await turn();
  assert.deepStrictEqual(heard, ['a', 'picture 1']);
  end('load');
  await turn();
  assert.deepStrictEqual(heard, ['a', 'picture 1', 'picture 2']);
  end('error'); // one that cannot be read keeps nobody waiting
  await turn();
  assert.deepStrictEqual(heard, ['a', 'picture 1', 'picture 2', 'b']);
});

test('a message that cannot be taken does not keep back the next', async (t) => {
  t.mock.method(console, 'error', () => {});
  const {turns, heard} = await drawing();
  turns.put('broken');
  turns.put('a');
  await turn();
  assert.deepStrictEqual(heard, ['broken', 'a']);
});
