'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {ranked} = require('../../src/commands/ranking');

const items = ['Insert a cell above', 'Insert a cell below', 'Run all cells below', 'Below deck'].map((title) => ({title}));
const titles = (query) => ranked(items, query).map((item) => item.title);

test('without a query all are there, in their order', () => {
  assert.deepEqual(titles(''), items.map((item) => item.title));
});

test('all words must be there, in any order and case', () => {
  assert.deepEqual(titles('CELL insert below'), ['Insert a cell below']);
  assert.deepEqual(titles('nothing like it'), []);
});

test('a title that starts with the word comes first', () => {
  assert.deepEqual(titles('below'), ['Below deck', 'Insert a cell below', 'Run all cells below']);
});
