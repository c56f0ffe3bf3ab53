'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {commands, groups} = require('../../src/commands/list');
const {toolbar} = require('../../src/commands/toolbar');

const all = [...commands.values()];

test('no two commands have one id', () => {
  const ids = groups.flatMap((group) => group.commands).map((command) => command.id);
  assert.equal(new Set(ids).size, ids.length);
});

test('in each mode a key means one thing', () => {
  for (const mode of ['keys', 'editKeys']) {
    const taken = new Map();
    for (const command of all) {
      for (const key of [...command[mode] || [], ...command.anyKeys || []]) {
        assert.ok(!taken.has(key), `${key} is ${taken.get(key)} and ${command.id}`);
        taken.set(key, command.id);
      }
    }
  }
});

test('no key hides the start of a sequence', () => {
  const keys = all.flatMap((command) => [...command.keys || [], ...command.anyKeys || []]);
  for (const sequence of keys.filter((key) => key.includes(' '))) {
    assert.ok(!keys.includes(sequence.split(' ')[0]), sequence);
  }
});

test('Jupyter’s own keys do what they do in Jupyter', () => {
  const of = (key, mode = 'keys') => all.find((command) => (command[mode] || []).includes(key)).id;
  const wanted = {
    a: 'insert-above', b: 'insert-below', x: 'cut', c: 'copy', v: 'paste', 'Shift+V': 'paste-above', 'd d': 'remove',
    z: 'restore', y: 'type-code', m: 'type-markdown', r: 'type-raw', 1: 'heading-1', 6: 'heading-6', 'Shift+M': 'merge',
    'Mod+Enter': 'run', 'Shift+Enter': 'run-advance', 'Alt+Enter': 'run-insert', 'i i': 'interrupt', '0 0': 'restart',
    Enter: 'edit', j: 'next', k: 'previous', 'Shift+J': 'extend-down', 'Shift+K': 'extend-up', o: 'fold-output',
    'Shift+O': 'scroll-output', l: 'line-numbers', 'Shift+L': 'all-line-numbers', s: 'save', f: 'find', p: 'palette', h: 'help'
  };
  for (const [key, id] of Object.entries(wanted)) assert.equal(of(key), id, key);
  assert.equal(of('Mod+Shift+-', 'editKeys'), 'split');
  assert.equal(of('Esc', 'editKeys'), 'leave');
});

test('a viewer’s toolbar has nothing that changes the notebook', () => {
  const ids = toolbar(true).flatMap((group) => group.items).map((item) => item.id);
  assert.ok(ids.length);
  for (const id of ids) assert.ok(!commands.get(id).changes, id);
  const whole = toolbar(false).flatMap((group) => group.items).map((item) => item.id);
  assert.ok(whole.includes('run') && whole.includes('insert-below'));
});
