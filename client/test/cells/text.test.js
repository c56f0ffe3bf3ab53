'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {headingOf, headingsOf, joined} = require('../../src/cells/text');

test('merged paragraphs stay paragraphs, merged code stays code', () => {
  assert.equal(joined(['one', 'two'], 'markdown'), 'one\n\ntwo');
  assert.equal(joined(['a = 1', 'b = 2'], 'code'), 'a = 1\nb = 2');
});

test('a text becomes a heading of the level asked for, whatever it was', () => {
  assert.equal(headingOf('Title', 2), '## Title');
  assert.equal(headingOf('### Title\nmore', 1), '# Title\nmore');
  assert.equal(headingOf('', 3), '### ');
});

test('headings are found, but not in fenced code', () => {
  const text = '# One\n\n```\n# a comment\n```\n### Three ###\n#no heading\n~~~\n# x\n```\n# y\n~~~\n## Two';
  assert.deepEqual(headingsOf(text), [
    {level: 1, text: 'One'}, {level: 3, text: 'Three'}, {level: 2, text: 'Two'}
  ]);
});
