'use strict';
// What the toolbar offers, in groups: [command, label]. Without a label only the icon shows.
const {commands} = require('./list');
const {shownKeys} = require('./keys');

const layout = [
  [['insert-above', 'Above'], ['insert-below', 'Below']],
  [['cut'], ['copy'], ['paste']],
  [['move-up'], ['move-down'], ['remove']],
  [['run', 'Run'], ['run-all', 'Run all'], ['interrupt', 'Interrupt'], ['restart', 'Restart']]
];

const primary = new Set(['run']);

function item([id, label]) {
  const {title, icon, keys = []} = commands.get(id);
  const shown = keys.length ? ` (${shownKeys(keys[0]).join(', ')})` : '';
  return {id, icon, label: label || '', title: title + shown, kind: primary.has(id) ? 'primary' : 'plain'};
}

// The toolbar's groups as data; viewers get what changes nothing.
function toolbar(isViewer) {
  return layout
    .map((group) => group.filter(([id]) => !(isViewer && commands.get(id).changes)).map(item))
    .filter((items) => items.length)
    .map((items) => ({items}));
}

module.exports = {toolbar};
