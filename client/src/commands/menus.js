'use strict';
// What the menus offer: each has groups of commands, with a line between them.
const {commands} = require('./list');
const {shownKeys} = require('./keys');

const layout = [
  ['File', ['save', 'rename'], ['checkpoint', 'restore-checkpoint'], ['download', 'download-html', 'download-markdown', 'download-script', 'download-slides', 'print'],
    ['trust'], ['files']],
  ['Edit', ['restore'], ['cut', 'copy', 'paste', 'paste-above', 'duplicate', 'remove'], ['choose-all', 'move-up', 'move-down'],
    ['split', 'merge'], ['format', 'format-all'], ['type-code', 'type-markdown', 'type-raw'], ['find']],
  ['View', ['fold-source', 'fold-output', 'scroll-output'], ['fold-all-outputs', 'show-all-outputs'],
    ['fold-section', 'show-section', 'fold-all-sections', 'show-all-sections'],
    ['line-numbers', 'all-line-numbers'], ['outline', 'chat', 'history', 'cell-history'], ['theme']],
  ['Insert', ['insert-above', 'insert-below'], ['insert-text-below', 'insert-raw-below']],
  ['Run', ['run', 'run-advance', 'run-insert'], ['run-above', 'run-below', 'run-all'], ['cancel'], ['clear-output', 'clear-all-outputs']],
  ['Kernel', ['interrupt', 'restart', 'restart-run-all'], ['shutdown'], ['choose-kernel']],
  ['Help', ['help', 'palette']]
];

function item(id, isMac) {
  const {title, icon, keys, editKeys, anyKeys} = commands.get(id);
  const [first] = [...keys || [], ...editKeys || [], ...anyKeys || []];
  return {id, title, icon: icon || '', keys: first ? shownKeys(first, isMac) : []};
}

// The menus as data; viewers get what changes nothing.
function menus(isViewer, isMac) {
  const allowed = (id) => !(isViewer && commands.get(id).changes);
  return layout
    .map(([title, ...groups]) => ({
      title,
      groups: groups.map((ids) => ({items: ids.filter(allowed).map((id) => item(id, isMac))})).filter(({items}) => items.length)
    }))
    .filter(({groups}) => groups.length);
}

module.exports = {menus};
