'use strict';
// Nothing that a notebook brings runs: its HTML and SVG are cut down to what only shows.
const createDOMPurify = require('dompurify');

let purify = null;

function sanitized(html) {
  purify = purify || createDOMPurify(window);
  return purify.sanitize(html, {
    USE_PROFILES: {html: true, svg: true, svgFilters: true, mathMl: true},
    FORBID_TAGS: ['form', 'style'],
    RETURN_DOM_FRAGMENT: true
  });
}

module.exports = {sanitized};
