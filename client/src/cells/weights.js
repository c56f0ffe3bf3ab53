'use strict';
// Where cells stand: lighter ones first, equal ones by id, so that all clients agree.

const STEP = 1000;

function compareCells(a, b) {
  if (a._weight !== b._weight) return (a._weight || 0) - (b._weight || 0);
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

// The weight that puts a cell between two neighbours; either may be missing.
function weightBetween(before, after) {
  if (!before && !after) return STEP;
  if (!before) return after._weight - STEP;
  if (!after) return before._weight + STEP;
  return (before._weight + after._weight) / 2;
}

module.exports = {STEP, compareCells, weightBetween};
