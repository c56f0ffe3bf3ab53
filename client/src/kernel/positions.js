'use strict';
// Jupyter counts code points in a cursor position, JavaScript counts UTF-16 units.

function toCodePoints(text, offset) {
  return [...text.slice(0, offset)].length;
}

function toUtf16(text, count) {
  let offset = 0;
  for (const symbol of text) {
    if (count-- <= 0) break;
    offset += symbol.length;
  }
  return offset;
}

module.exports = {toCodePoints, toUtf16};
