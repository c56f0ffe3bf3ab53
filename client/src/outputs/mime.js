'use strict';
// Which form of an output to show: the richest that the page can.

const {isVega} = require('./vega');

const PREFERENCE = [
  'application/vnd.jupyter.widget-view+json',
  'image/svg+xml',
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'text/html',
  'text/markdown',
  'text/latex',
  'application/json',
  'text/plain',
  'application/javascript'
];

// A chart that can be asked beats its picture.
function richest(data) {
  const chart = Object.keys(data || {}).find(isVega);
  if (chart) return chart;
  const known = PREFERENCE.find((mime) => data && data[mime] !== undefined);
  return known || Object.keys(data || {}).find((mime) => mime.startsWith('text/'));
}

// nbformat keeps long texts as lists of lines.
function text(value) {
  return Array.isArray(value) ? value.join('') : String(value === null || value === undefined ? '' : value);
}

module.exports = {richest, text};
