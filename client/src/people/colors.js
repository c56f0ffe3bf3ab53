'use strict';
// Colours that tell people apart. The server gives each name one of these; two names may get the same.

const COLORS = ['#2563c9', '#b4407a', '#1a7f4b', '#a35a00', '#6d4bc1', '#0f7c8c', '#b42318', '#647a0b'];

const earlier = (one, other) => one.since < other.since || one.since === other.since && one.userId < other.userId;

// Returns the colour that I should have: my own, unless somebody who was here before me has it.
// My other windows agree: they take the colour of the oldest of them.
function colorAmong(me, others) {
  const before = others.filter((other) => earlier(other, me));
  const mine = before.find((other) => other.userId === me.userId);
  if (mine) return mine.color;
  const strangers = others.filter((other) => other.userId !== me.userId);
  if (!strangers.some((other) => other.color === me.color && earlier(other, me))) return me.color;
  const taken = new Set(strangers.map((other) => other.color));
  return COLORS.find((color) => !taken.has(color)) || me.color;
}

module.exports = {COLORS, colorAmong};
