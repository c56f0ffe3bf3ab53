'use strict';
// Nothing that a notebook brings runs in the page: its HTML and SVG are cut down to what only shows.
const createDOMPurify = require('dompurify').default || require('dompurify');

let purify = null;

function sanitized(html) {
  if (!purify) {
    purify = createDOMPurify(window);
    purify.addHook('afterSanitizeAttributes', (node) => {
      if (node.tagName === 'A' && node.getAttribute('target') === '_blank') node.setAttribute('rel', 'noopener noreferrer');
    });
  }
  return purify.sanitize(html, {
    USE_PROFILES: {html: true, svg: true, svgFilters: true, mathMl: true},
    FORBID_TAGS: ['form', 'style', 'dialog'],
    FORBID_ATTR: ['id', 'name', 'autofocus', 'popover'],
    ADD_ATTR: ['target'],
    RETURN_DOM_FRAGMENT: true
  });
}

// Pictures keep their ids: gradients and clips refer to them.
function sanitizedSvg(svg) {
  sanitized('');
  return purify.sanitize(svg, {USE_PROFILES: {svg: true, svgFilters: true}, ADD_TAGS: ['use'], RETURN_DOM_FRAGMENT: true});
}

// Whether HTML would lose more than it can spare: scripts, styles, frames.
function needsFrame(html) {
  return /<(script|style|iframe|object|embed|link)\b/i.test(html);
}

module.exports = {needsFrame, sanitized, sanitizedSvg};
