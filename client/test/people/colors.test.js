'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {COLORS, colorAmong} = require('../../src/people/colors');

const person = (userId, since, color = COLORS[0]) => ({userId, since, color});

test('who is alone, or was here first, keeps their colour', () => {
  const me = person('ann', 10);
  assert.equal(colorAmong(me, []), COLORS[0]);
  assert.equal(colorAmong(me, [person('ben', 20)]), COLORS[0]);
  assert.equal(colorAmong(me, [person('ben', 5, COLORS[1])]), COLORS[0]);
});

test('who comes later takes the first colour that is free', () => {
  const others = [person('ann', 1), person('cyd', 2, COLORS[1])];
  assert.equal(colorAmong(person('ben', 10), others), COLORS[2]);
});

test('of two who come at one moment exactly one changes', () => {
  const [ann, ben] = [person('ann', 7), person('ben', 7)];
  assert.equal(colorAmong(ann, [ben]), COLORS[0]);
  assert.notEqual(colorAmong(ben, [ann]), COLORS[0]);
});

test('one person’s windows have one colour', () => {
  assert.equal(colorAmong(person('ann', 9), [person('ann', 3, COLORS[4]), person('ben', 1)]), COLORS[4]);
});

test('when all colours are taken one keeps one’s own', () => {
  const crowd = COLORS.map((color, index) => person(`user-${index}`, index, color));
  assert.equal(colorAmong(person('ann', 99), crowd), COLORS[0]);
});
