'use strict';
// Which form of an output to show: the richest that the page can.

const PREFERENCE = [
  'image/svg+xml',
  'image/png',
  'image/jpeg',
  'image/gif',
  'text/html',
  'text/markdown',
  'application/json',
  'text/latex',
  'text/plain'
];

function richest(data) {
  return PREFERENCE.find((mime) => data && data[mime] !== undefined);
}

// nbformat keeps long texts as lists of lines.
function text(value) {
  return Array.isArray(value) ? value.join('') : String(value === null || value === undefined ? '' : value);
}

module.exports = {richest, text};
