'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const {shownTime} = require('../../src/page/times');

test('today it is the time, on other days the date as well', () => {
  const now = new Date(2026, 4, 3, 18, 0);
  const today = shownTime(new Date(2026, 4, 3, 9, 5).toISOString(), now);
  assert.ok(today.includes('05') && !today.includes('2026'), today);
  assert.ok(shownTime(new Date(2026, 4, 2, 9, 5).toISOString(), now).includes('2026'));
});
