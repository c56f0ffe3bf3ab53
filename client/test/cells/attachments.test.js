'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {attachmentName, insertedText} = require('../../src/cells/attachments');

test('a name keeps what is safe in markdown, and its ending', () => {
  assert.equal(attachmentName('my photo (1).png', {}), 'my-photo-1-.png');
  assert.equal(attachmentName('', {}), 'picture.png');
});

test('a name that is taken gets a number before its ending', () => {
  assert.equal(attachmentName('a.png', {'a.png': {}}), 'a-1.png');
  assert.equal(attachmentName('a.png', {'a.png': {}, 'a-1.png': {}}), 'a-2.png');
});

test('what an object inherits is no attachment', () => {
  assert.equal(attachmentName('constructor', {}), 'constructor');
});

test('the markdown names the attachment', () => {
  assert.equal(insertedText('a.png'), '![a.png](attachment:a.png)');
});
