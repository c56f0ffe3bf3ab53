'use strict';
// Stands in for the package `sanitize-html`, which the widget manager cleans descriptions with.
const {sanitized} = require('../outputs/sanitize');

module.exports = function sanitize(html, {allowedTags = []} = {}) {
  const box = document.createElement('div');
  box.append(sanitized(html));
  for (const element of [...box.querySelectorAll('*')]) {
    if (!allowedTags.includes(element.localName)) element.replaceWith(...element.childNodes);
  }
  return box.innerHTML;
};
