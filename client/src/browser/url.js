'use strict';
// What Derby's router uses of Node's `url`, by the browser's own URL.

function parse(text) {
  const {protocol, host, pathname, search, hash, href} = new URL(text, globalThis.location?.href);
  return {protocol, host, pathname, search: search || null, query: search ? search.slice(1) : null, hash, href};
}

function resolve(from, to) {
  return new URL(to, from).href;
}

module.exports = {parse, resolve};
