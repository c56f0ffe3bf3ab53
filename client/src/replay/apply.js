'use strict';
// Documents as ops make them. What an op does not touch is shared with the document before it.
const {type: json0} = require('ot-json0');

// Returns the data after an op; the data before stays what it was.
function applied(data, op) {
  if (op.create) return op.create.data === undefined ? null : op.create.data;
  if (op.del) return undefined;
  return (op.op || []).reduce(appliedComponent, data);
}

function appliedComponent(data, component) {
  if (!component.p.length) return json0.apply(data, [component]);
  const root = copied(data);
  let container = root;
  // json0 changes what holds the value at the path: that, and what leads there, is copied.
  for (const segment of component.p.slice(0, -1)) {
    if (typeof container[segment] !== 'object' || container[segment] === null) break; // a text: the last is a position
    container = container[segment] = copied(container[segment]);
  }
  return json0.apply(root, [component]);
}

function copied(value) {
  return Array.isArray(value) ? value.slice() : {...value};
}

module.exports = {applied};
