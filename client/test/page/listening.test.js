'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {RootModel} = require('racer');
const {listenTo} = require('../../src/page/listening');

test('changes of all paths are told, until one stops', () => {
  const model = new RootModel();
  const heard = [];
  const stop = listenTo(model, 'change', ['_page.a', '_page.b'], (value) => heard.push(value));
  model.set('_page.a', 1);
  model.set('_page.b', 2);
  model.set('_page.c', 3);
  assert.deepEqual(heard, [1, 2]);
  stop();
  model.set('_page.a', 4);
  assert.deepEqual(heard, [1, 2]);
});
