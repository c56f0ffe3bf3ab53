'use strict';

// What a cell holds before anybody has written in it.
function newCell(type = 'code') {
  const cell = {_state: 'idle', cell_type: type, source: '', metadata: {}};
  return type === 'code' ? {...cell, outputs: [], execution_count: null} : cell;
}

module.exports = {newCell};
