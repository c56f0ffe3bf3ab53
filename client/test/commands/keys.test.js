'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {KeyMatcher, keyName, shownKeys} = require('../../src/commands/keys');

const pressed = (key, more = {}) => keyName({key, code: '', ...more});

test('keys have one name on every keyboard', () => {
  assert.equal(pressed('a'), 'a');
  assert.equal(pressed('A', {shiftKey: true}), 'Shift+A');
  assert.equal(pressed('Enter', {ctrlKey: true}), 'Mod+Enter');
  assert.equal(pressed('Enter', {metaKey: true}), 'Mod+Enter');
  assert.equal(pressed('Enter', {shiftKey: true}), 'Shift+Enter');
  assert.equal(pressed('_', {code: 'Minus', shiftKey: true, ctrlKey: true}), 'Mod+Shift+-');
  assert.equal(pressed('ArrowUp', {ctrlKey: true, shiftKey: true}), 'Mod+Shift+Up');
  assert.equal(pressed(' '), 'Space');
  assert.equal(pressed('Shift', {shiftKey: true}), '');
});

test('a sequence is a command only when its keys follow each other soon', () => {
  const matcher = new KeyMatcher([['d d', 'remove'], ['a', 'above']]);
  assert.deepEqual(matcher.press('d', 0), {waits: true});
  assert.deepEqual(matcher.press('d', 100), {command: 'remove'});
  assert.deepEqual(matcher.press('d', 1000), {waits: true});
  assert.deepEqual(matcher.press('d', 5000), {waits: true});
  assert.deepEqual(matcher.press('a', 5100), {command: 'above'});
  assert.equal(matcher.press('q', 5200), null);
  assert.equal(matcher.press('', 5300), null);
});

test('keys are shown as they are on the keyboard', () => {
  assert.deepEqual(shownKeys('Mod+Shift+Up', false), ['Ctrl+Shift+↑']);
  assert.deepEqual(shownKeys('d d', true), ['d', 'd']);
  assert.deepEqual(shownKeys('Mod+Enter', true), ['⌘+Enter']);
});
