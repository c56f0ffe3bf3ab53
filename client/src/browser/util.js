'use strict';
// What ShareDB's client uses of Node's `util`.

function inherits(child, parent) {
  Object.setPrototypeOf(child.prototype, parent.prototype);
}

module.exports = {inherits};
