'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {messagesOf, unreadOf} = require('../../src/chat/messages');

const docs = {
  c: {id: 'c', _notebook: 'n', _user: 'ben', source: 'later', created: 900000},
  a: {id: 'a', _notebook: 'n', _user: 'ann', source: 'first', created: 1000},
  b: {id: 'b', _notebook: 'n', _user: 'ann', source: 'second', created: 2000},
  x: {id: 'x', _notebook: 'another', _user: 'ann', source: 'not here', created: 1500},
  gone: undefined
};

test('messages of this notebook stand in the order of their times', () => {
  assert.deepEqual(messagesOf(docs, 'n', 'ann').map((message) => message.source), ['first', 'second', 'later']);
});

test('one person’s next message goes on beneath the last', () => {
  assert.deepEqual(messagesOf(docs, 'n', 'ann').map((message) => message.goesOn), [false, true, false]);
});

test('my own messages are never unread', () => {
  const list = messagesOf(docs, 'n', 'ann');
  assert.equal(unreadOf(list, 0), 1);
  assert.equal(unreadOf(list, 900000), 0);
  assert.equal(unreadOf(messagesOf(docs, 'n', 'ben'), 1000), 1);
});

test('what somebody wrote without a text or a time does not break the list', () => {
  const list = messagesOf({m: {id: 'm', _notebook: 'n', _user: 'eve', source: {x: 1}}}, 'n', 'ann');
  assert.equal(list[0].created, 0);
  assert.equal(typeof list[0].source, 'string');
});
