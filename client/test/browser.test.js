'use strict';
// The small stand-ins for npm packages do what Derby and ShareDB use of them.
const assert = require('node:assert');
const {test} = require('node:test');

test('each calls back once, when all are done or one failed', () => {
  const {each, parallel} = require('../src/browser/async');
  const ends = [];
  const waiting = [];
  each([1, 2], (item, next) => waiting.push(next), (error) => ends.push(error));
  waiting[0]();
  assert.deepEqual(ends, []);
  waiting[1]();
  assert.deepEqual(ends, [null]);
  each([], () => assert.fail('there is no item'), (error) => ends.push(error));
  each([1, 2, 3], (item, next) => next(item === 2 ? 'two' : null), (error) => ends.push(error));
  parallel([(next) => next(), (next) => next()], (error) => ends.push(error));
  assert.deepEqual(ends, [null, null, 'two', null]);
});

test('an address is taken apart and resolved as Node does it', () => {
  const {parse, resolve} = require('../src/browser/url');
  const node = require('node:url');
  const address = 'http://localhost:8888/user/ann/notebooks/a%20b.ipynb?x=1&y=2#there';
  const [ours, theirs] = [parse(address), node.parse(address)];
  for (const key of ['protocol', 'host', 'pathname', 'search', 'query', 'hash', 'href']) assert.equal(ours[key], theirs[key], key);
  assert.equal(parse('http://localhost/').query, null);
  for (const to of ['/tree', '?z=3', '#here', 'other.ipynb', 'http://elsewhere/x']) {
    assert.equal(resolve(address, to), node.resolve(address, to));
  }
});

test('a query string becomes an object', () => {
  const {parse} = require('../src/browser/qs');
  assert.deepEqual(parse('a=1&b=x%20y'), {a: '1', b: 'x y'});
});

test('a child inherits', () => {
  const {inherits} = require('../src/browser/util');
  class Parent {
    hello() {
      return 'hello';
    }
  }
  function Child() {}
  inherits(Child, Parent);
  assert.equal(new Child().hello(), 'hello');
  assert(new Child() instanceof Parent);
});
