'use strict';

// Returns the one replacement that turns a text into another, or null.
function difference(shown, wanted) {
  if (shown === wanted) return null;
  let start = 0;
  while (start < shown.length && start < wanted.length && shown[start] === wanted[start]) start++;
  let end = 0;
  const longest = Math.min(shown.length, wanted.length) - start;
  while (end < longest && shown[shown.length - 1 - end] === wanted[wanted.length - 1 - end]) end++;
  return {from: start, to: shown.length - end, insert: wanted.slice(start, wanted.length - end)};
}

module.exports = {difference};
