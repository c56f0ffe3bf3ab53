'use strict';
// What Derby's router uses of the npm package `qs`: flat query strings, by the browser itself.

function parse(text) {
  return Object.fromEntries(new URLSearchParams(text));
}

module.exports = {parse};
