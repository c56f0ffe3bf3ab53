'use strict';
// A small toolbar at the cell in hand: one element that goes along from cell to cell.
const {icon} = require('../icons/icons');
const {commands} = require('../commands/list');

const TOOLS = ['move-up', 'move-down', 'duplicate', 'insert-above', 'insert-below', 'cell-history', 'remove'];

function makeTools(page) {
  const tools = document.createElement('div');
  tools.className = 'cell-tools';
  tools.setAttribute('role', 'toolbar');
  tools.setAttribute('aria-label', 'Cell actions');
  for (const id of TOOLS) {
    const {title, icon: name} = commands.get(id);
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'tool';
    button.title = title;
    button.setAttribute('aria-label', title);
    button.dataset.tool = id;
    button.innerHTML = icon(name);
    button.addEventListener('click', (event) => page.press(id, event));
    tools.append(button);
  }
  return tools;
}

module.exports = {
  // Not while several are chosen: there it would stand for one of them only.
  showCellTools(cell) {
    if (this.isViewer()) return;
    this.cellTools = this.cellTools || makeTools(this);
    if (!cell || this.chosen.size > 1) this.cellTools.remove();
    else if (this.cellTools.parentElement !== cell.box) cell.box.append(this.cellTools);
  }
};
