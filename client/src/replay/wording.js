'use strict';
// How moments, authors and changes read.
const {KINDS} = require('./marks');

const clockOf = (time, options) => new Date(time).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit', second: '2-digit', ...options});

function dayOf(time, now = Date.now()) {
  const date = new Date(time);
  const days = Math.round((new Date(now).setHours(12, 0, 0, 0) - new Date(time).setHours(12, 0, 0, 0)) / 86400000);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  const year = date.getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric';
  return date.toLocaleDateString([], {day: 'numeric', month: 'short', year});
}

function momentText(time) {
  return time === null || time === undefined ? '' : `${dayOf(time)}, ${clockOf(time)}`;
}

// What was done, in a few words, the weightiest first.
function deedText(kind, {added = 0, removed = 0, outcome} = {}) {
  const deeds = [];
  if (kind & KINDS.CREATED) deeds.push('added the cell');
  if (kind & KINDS.DELETED) deeds.push('removed the cell');
  if (kind & KINDS.SOURCE) deeds.push(typedText(added, removed));
  if (kind & KINDS.RAN) deeds.push(outcome && outcome !== 'ok' ? `run ended: ${outcome}` : 'run ended');
  else if (kind & KINDS.OUTPUT) deeds.push('output');
  if (kind & KINDS.ASKED) deeds.push('ran it');
  if (kind & KINDS.MOVED && !(kind & KINDS.CREATED)) deeds.push('moved');
  if (kind & KINDS.SETTINGS) deeds.push('changed settings');
  return deeds.join(', ') || 'kept house';
}

function typedText(added, removed) {
  const counts = [added && `+${added}`, removed && `−${removed}`].filter(Boolean).join(' ');
  return counts ? `typed ${counts}` : 'typed';
}

const grouped = (number) => number.toLocaleString('en-GB').replace(/,/g, '\u202f');

module.exports = {clockOf, dayOf, deedText, grouped, momentText, typedText};
