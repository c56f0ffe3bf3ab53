'use strict';
// Which cells the notebook has and in which order, kept up to date as their documents change.
//
// `ids` is the whole order. The page draws a growing first part of it, `_page.order`, so that a
// long notebook is there at once and complete a moment later.
const {compareCells} = require('./weights');
const {listenTo} = require('../page/listening');

const FIRST = 24;
const MORE = 8;
const BUDGET_MS = 10;

class CellOrder {
  constructor(model, notebookId) {
    this.model = model;
    this.root = model.root;
    this.notebookId = notebookId;
    this.ids = [];
    this.shown = FIRST;
    this.more = MORE;
    this.onShow = () => {};
    this.onChange = () => {};
    const update = () => this.update();
    this.stop = listenTo(this.root, 'all', ['cells', 'cells.*', 'cells.*._weight'], update);
    this.update();
    this.growing = setTimeout(() => this.grow(), 0);
  }

  update() {
    const cells = Object.values(this.root.get('cells') || {})
      .filter((cell) => cell && cell._notebook === this.notebookId);
    const ids = cells.sort(compareCells).map((cell) => cell.id);
    if (ids.length === this.ids.length && ids.every((id, index) => id === this.ids[index])) return;
    this.ids = ids;
    this.show();
    this.onChange();
  }

  // Moving an element takes its focus away; give it back.
  show() {
    const focused = document.activeElement;
    this.model.root.setArrayDiff('_page.order', this.ids.slice(0, this.shown));
    this.onShow();
    const lost = document.activeElement === document.body;
    if (lost && focused && focused.isConnected) focused.focus({preventScroll: true});
  }

  grow(all) {
    clearTimeout(this.growing);
    if (this.shown >= this.ids.length) return;
    const started = performance.now();
    this.shown = all ? this.ids.length : this.shown + this.more;
    this.show();
    if (performance.now() - started < BUDGET_MS / 2) this.more += MORE;
    else if (performance.now() - started > BUDGET_MS) this.more = MORE;
    this.growing = setTimeout(() => this.grow(), 8);
  }

  // Makes sure that a cell is drawn.
  reach(id) {
    if (this.ids.indexOf(id) >= this.shown) this.grow(true);
  }

  cells() {
    const docs = this.root.get('cells') || {};
    return this.ids.map((id) => docs[id]).filter(Boolean);
  }

  destroy() {
    clearTimeout(this.growing);
    this.stop();
  }
}

module.exports = {CellOrder};
