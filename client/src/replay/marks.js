'use strict';
// What some ops changed, for showing: in which cells, who, and where in the text.
//
// Marks follow the text: what is typed before one moves it, what is deleted takes it along.

const KINDS = {SOURCE: 1, OUTPUT: 2, ASKED: 4, RAN: 8, MOVED: 16, CREATED: 32, DELETED: 64, SETTINGS: 128, BACKGROUND: 256};

// Returns a Map from the number of a document to {author, kind, added, erased}.
function marksOf(ops) {
  const found = new Map();
  for (const op of ops) {
    if (op.k === KINDS.BACKGROUND) continue;
    const mark = found.get(op.d) || {author: op.a, kind: 0, added: [], erased: []};
    mark.kind |= op.k;
    mark.author = op.a;
    found.set(op.d, mark);
    if (op.create || op.del) Object.assign(mark, {added: [], erased: []});
    for (const component of op.op || []) {
      if (component.p[0] === 'source') editText(mark, component, op.a);
    }
  }
  return found;
}

function editText(mark, component, author) {
  const at = component.p[1];
  if (typeof component.si === 'string') insert(mark, at, component.si.length, author);
  else if (typeof component.sd === 'string') erase(mark, at, component.sd, author);
  else if (typeof component.oi === 'string') {
    Object.assign(mark, {added: [{from: 0, to: component.oi.length, author}], erased: []});
  }
}

function insert(mark, at, length, author) {
  let joined = false;
  const added = [];
  for (const range of mark.added) {
    if (range.author === author && range.from <= at && at <= range.to) {
      joined = true;
      added.push({...range, to: range.to + length});
    } else if (range.from >= at) {
      added.push({...range, from: range.from + length, to: range.to + length});
    } else if (range.to > at) {
      added.push({...range, to: at}, {...range, from: at + length, to: range.to + length});
    } else {
      added.push(range);
    }
  }
  if (!joined) added.push({from: at, to: at + length, author});
  mark.added = added.sort((a, b) => a.from - b.from);
  mark.erased = mark.erased.map((place) => (place.at > at ? {...place, at: place.at + length} : place));
}

function erase(mark, at, text, author) {
  const end = at + text.length;
  const clip = (place) => (place <= at ? place : place >= end ? place - text.length : at);
  // What was typed and erased again within these ops was never there: it is not shown as erased.
  const own = mark.added.map(({from, to}) => [Math.max(from, at) - at, Math.min(to, end) - at]).filter(([from, to]) => from < to);
  let left = '';
  let seen = 0;
  for (const [from, to] of own) {
    left += text.slice(seen, from);
    seen = to;
  }
  left += text.slice(seen);
  mark.added = mark.added.map((range) => ({...range, from: clip(range.from), to: clip(range.to)})).filter((range) => range.from < range.to);
  // The place that this one goes on from, backwards (Backspace) or forwards (Delete).
  const beside = mark.erased.find((place) => place.author === author && (place.at === end || place.at === at));
  const backwards = beside && beside.at === end;
  mark.erased = mark.erased.map((place) => ({...place, at: clip(place.at), beside: place === beside}));
  if (!left) return;
  const joined = mark.erased.find((place) => place.beside);
  if (!joined) mark.erased.push({at, text: left, author});
  else joined.text = backwards ? left + joined.text : joined.text + left;
}

module.exports = {KINDS, marksOf};
