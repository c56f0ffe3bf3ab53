'use strict';
// Where cells stand: lighter ones first, equal ones by id, so that all clients agree.

const STEP = 1000;

function compareCells(a, b) {
  if (a._weight !== b._weight) return (a._weight || 0) - (b._weight || 0);
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

// The weight that puts a cell between two neighbours; either may be missing.
function weightBetween(before, after) {
  return weightsBetween(before, after, 1)[0];
}

// The weights that put cells one after the other between two neighbours.
function weightsBetween(before, after, count) {
  const places = Array.from({length: count}, (_, index) => index + 1);
  if (!before && !after) return places.map((place) => STEP * place);
  if (!before) return places.map((place) => after._weight - STEP * (count + 1 - place));
  if (!after) return places.map((place) => before._weight + STEP * place);
  const step = (after._weight - before._weight) / (count + 1);
  return places.map((place) => before._weight + step * place);
}

module.exports = {STEP, compareCells, weightBetween, weightsBetween};
