'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {richest, text} = require('../../src/outputs/mime');

test('the richest form that the page can show is shown', () => {
  assert.equal(richest({'text/plain': 'x', 'text/html': '<b>x</b>'}), 'text/html');
  assert.equal(richest({'text/html': 'x', 'image/png': 'x'}), 'image/png');
  assert.equal(richest({'text/plain': 'x', 'application/javascript': 'x'}), 'text/plain');
});

test('an unknown text is shown as text, anything else is unknown', () => {
  assert.equal(richest({'text/x-lua': 'x'}), 'text/x-lua');
  assert.equal(richest({'application/x-unknown': 'x'}), undefined);
  assert.equal(richest(undefined), undefined);
});

test('texts may be lists of lines', () => {
  assert.equal(text(['a\n', 'b']), 'a\nb');
  assert.equal(text(undefined), '');
});
