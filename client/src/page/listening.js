'use strict';

// Calls back on the changes of a kind to any of some paths; returns how to stop that.
function listenTo(model, type, patterns, callback) {
  const listeners = patterns.map((pattern) => model.on(type, pattern, callback));
  return () => listeners.forEach((listener) => model.removeListener(type, listener));
}

module.exports = {listenTo};
