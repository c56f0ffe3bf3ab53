'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {duration, isRunning, ordinal, queuePosition, runText} = require('../../src/cells/run-state');

const page = {nameOf: (user) => user.toUpperCase(), queuePosition: () => 2};

test('a length of time is as short as it can be said', () => {
  const said = [0, 12, 940, 960, 9940, 59400, 59600, 3599000, 3600000, 5400000].map(duration);
  assert.deepEqual(said, [
    '1 ms', '12 ms', '940 ms', '1.0 s', '9.9 s', '59 s', '1 min 0 s', '59 min 59 s', '1 h 0 min', '1 h 30 min'
  ]);
});

test('sixty seconds are a minute', () => {
  assert.equal(duration(119700), '2 min 0 s');
  assert.equal(duration(-5), '1 ms');
});

test('states that run, and those that do not', () => {
  assert.deepEqual(['run', 'queued', 'busy', 'idle', 'error', undefined].map(isRunning), [true, true, true, false, false, false]);
});

test('the queue of the service says who is next', () => {
  assert.equal(queuePosition([], 'b', ['a', 'b', 'c']), 1);
  assert.equal(queuePosition([], 'c', ['a', 'b', 'c']), 2);
});

test('before the service knows, the time of asking decides', () => {
  const cells = [
    {id: 'late', _state: 'run', _run: {asked: 9}}, {id: 'early', _state: 'run', _run: {asked: 3}}, {id: 'idle', _state: 'idle'}
  ];
  assert.deepEqual(['late', 'early', 'idle'].map((id) => queuePosition(cells, id, [])), [2, 1, 0]);
});

test('numbers have their endings', () => {
  assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 21, 111].map(ordinal),
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '111th']);
});

test('a cell that waits says its place, one that ran says who, when and how long', () => {
  assert.equal(runText('code', 'queued', {user: 'ann', asked: 1}, 5, page).text, '2nd in line');
  assert.equal(runText('code', 'busy', {started: 1000}, 1500, page).text, '');
  assert.equal(runText('code', 'busy', {started: 1000}, 4000, page).text, '3.0 s');
  const ran = runText('code', 'idle', {user: 'ann', started: 1000, ended: 1040}, 9000, page);
  assert.equal(ran.text, '40 ms');
  assert.match(ran.title, /^Run by ANN at .*, took 40 ms$/);
  assert.equal(runText('markdown', 'idle', {started: 1, ended: 2}, 3, page).text, '');
  assert.equal(runText('code', 'idle', undefined, 3, page).text, '');
});

test('a run that did not come to its end says so, and why', () => {
  const aborted = runText('code', 'idle', {user: 'ann', asked: 1, ended: 5, outcome: 'aborted', reason: 'A cell before it failed.'}, 9, page);
  assert.deepEqual(aborted, {text: 'not run', title: 'A cell before it failed.'});
  assert.equal(runText('code', 'idle', {asked: 1, ended: 5, outcome: 'cancelled'}, 9, page).title, 'Asked; cancelled');
  assert.equal(runText('code', 'error', {started: 1, ended: 41, outcome: 'error'}, 9, page).text, '40 ms');
});
