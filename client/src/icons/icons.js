'use strict';
// The page's icons, from Lucide: each by the name of what it means here.

const svgs = {
  above: require('lucide-static/icons/arrow-up-to-line.svg'),
  add: require('lucide-static/icons/plus.svg'),
  authors: require('lucide-static/icons/users.svg'),
  back: require('lucide-static/icons/chevron-left.svg'),
  bars: require('lucide-static/icons/menu.svg'),
  below: require('lucide-static/icons/arrow-down-to-line.svg'),
  chat: require('lucide-static/icons/message-square.svg'),
  check: require('lucide-static/icons/check.svg'),
  clear: require('lucide-static/icons/eraser.svg'),
  close: require('lucide-static/icons/x.svg'),
  command: require('lucide-static/icons/command.svg'),
  compare: require('lucide-static/icons/git-compare-arrows.svg'),
  copy: require('lucide-static/icons/copy.svg'),
  cut: require('lucide-static/icons/scissors.svg'),
  download: require('lucide-static/icons/download.svg'),
  down: require('lucide-static/icons/arrow-down.svg'),
  drag: require('lucide-static/icons/grip-vertical.svg'),
  edit: require('lucide-static/icons/pencil.svg'),
  eye: require('lucide-static/icons/eye.svg'),
  file: require('lucide-static/icons/file-code.svg'),
  find: require('lucide-static/icons/search.svg'),
  flag: require('lucide-static/icons/flag.svg'),
  fold: require('lucide-static/icons/chevrons-down-up.svg'),
  format: require('lucide-static/icons/wand-sparkles.svg'),
  help: require('lucide-static/icons/circle-question-mark.svg'),
  history: require('lucide-static/icons/history.svg'),
  keyboard: require('lucide-static/icons/keyboard.svg'),
  list: require('lucide-static/icons/list-video.svg'),
  menu: require('lucide-static/icons/chevron-down.svg'),
  more: require('lucide-static/icons/ellipsis.svg'),
  offline: require('lucide-static/icons/wifi-off.svg'),
  outline: require('lucide-static/icons/list-tree.svg'),
  paste: require('lucide-static/icons/clipboard-paste.svg'),
  pause: require('lucide-static/icons/pause.svg'),
  power: require('lucide-static/icons/power.svg'),
  print: require('lucide-static/icons/printer.svg'),
  redo: require('lucide-static/icons/redo-2.svg'),
  remove: require('lucide-static/icons/trash-2.svg'),
  replace: require('lucide-static/icons/replace.svg'),
  restart: require('lucide-static/icons/rotate-cw.svg'),
  run: require('lucide-static/icons/play.svg'),
  runAll: require('lucide-static/icons/list-video.svg'),
  send: require('lucide-static/icons/send-horizontal.svg'),
  stepBack: require('lucide-static/icons/step-back.svg'),
  stepForward: require('lucide-static/icons/step-forward.svg'),
  stop: require('lucide-static/icons/square.svg'),
  theme: require('lucide-static/icons/sun-moon.svg'),
  trust: require('lucide-static/icons/shield-check.svg'),
  undo: require('lucide-static/icons/undo-2.svg'),
  unfold: require('lucide-static/icons/chevrons-up-down.svg'),
  up: require('lucide-static/icons/arrow-up.svg'),
  warning: require('lucide-static/icons/triangle-alert.svg')
};

// Returns an icon as markup; it is decoration, so what it stands on has the name.
function icon(name) {
  const svg = svgs[name];
  if (!svg) throw new Error(`There is no icon ${name}`);
  return svg
    .replace(/<!--.*?-->/s, '')
    .replace(/<svg[^>]*>/, '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">')
    .replace(/\s*\n\s*/g, '');
}

module.exports = {icon};
