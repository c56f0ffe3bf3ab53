'use strict';
// What a run looks like in words: where it stands, how long it takes, who asked and when.

const RUNNING = new Set(['run', 'queued', 'busy']);

// Runs that did not come to their end, as short as the place beside a cell is.
const UNDONE = {cancelled: 'cancelled', aborted: 'not run', died: 'kernel died', restarted: 'stopped', interrupted: 'stopped', lost: 'lost'};

function isRunning(state) {
  return RUNNING.has(state);
}

// A length of time, as short as it can be said.
function duration(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 0.95) return `${Math.max(1, Math.round(ms))} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// The place of a cell among those that wait, from 1; 0 if it does not wait. The service's queue
// has the running cell first; before it knows of a run, the time it was asked for decides.
function queuePosition(cells, id, queue) {
  const known = (queue || []).indexOf(id);
  if (known > 0) return known;
  const waiting = cells
    .filter((cell) => cell._state === 'queued' || cell._state === 'run')
    .sort((a, b) => ((a._run && a._run.asked) || 0) - ((b._run && b._run.asked) || 0));
  return waiting.findIndex((cell) => cell.id === id) + 1;
}

// Returns what stands beside a cell, and the longer form for its title.
function runText(type, state, run, now, page) {
  if (type !== 'code' || !run) return {text: '', title: ''};
  const who = run.user ? ` by ${page.nameOf(run.user)}` : '';
  if (state === 'run' || state === 'queued') {
    const place = page.queuePosition(run);
    return {text: place ? `${ordinal(place)} in line` : 'waits', title: `Asked${who}; waits for the kernel`};
  }
  if (state === 'busy') {
    const took = now - (run.started || now);
    return {text: took > 900 ? duration(took) : '', title: `Running since ${clock(run.started)}${who}`};
  }
  if (run.ended && UNDONE[run.outcome]) return {text: UNDONE[run.outcome], title: run.reason || `Asked${who}; ${UNDONE[run.outcome]}`};
  if (!run.ended || !run.started) return {text: '', title: ''};
  const took = duration(run.ended - run.started);
  return {text: took, title: `Run${who} at ${clock(run.started)}, took ${took}`};
}

function clock(time) {
  return new Date(time || 0).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit', second: '2-digit'});
}

function ordinal(number) {
  const ending = {1: 'st', 2: 'nd', 3: 'rd'}[number % 10];
  return `${number}${ending && Math.floor(number / 10) % 10 !== 1 ? ending : 'th'}`;
}

module.exports = {duration, isRunning, ordinal, queuePosition, runText};
