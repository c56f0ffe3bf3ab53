'use strict';
// Changes to the notebook's cells: each is one or a few ops, made for everybody.
const {weightsBetween} = require('./weights');
const {difference} = require('./difference');
const {newCell} = require('./new-cell');
const {placeBeyond} = require('./sections');
const {headingOf, joined} = require('./text');

module.exports = {
  isViewer() {
    return this.model.root.get('_session.role') === 'viewer';
  },

  // Adds cells at a place in the order; returns their ids.
  addCells(index, cells, {edit} = {}) {
    const list = this.cellList();
    const weights = weightsBetween(list[index - 1], list[index], cells.length);
    const ids = cells.map(() => this.model.id());
    this.order.shown += cells.length;
    this.focusWhenCreated = ids[ids.length - 1];
    this.focusEditor = edit;
    cells.forEach((cell, at) => {
      this.model.root.add('cells', {...cell, id: ids[at], _notebook: this.notebookId, _weight: weights[at]});
    });
    return ids;
  },

  insertCell(where, type, {edit = true} = {}) {
    if (this.isViewer()) return;
    const at = this.selectedIndex();
    const index = where === 'end' || at < 0 ? this.order.ids.length : where === 'above' ? at : at + 1;
    this.addCells(index, [newCell(type)], {edit});
  },

  removeCells() {
    const ids = this.heldIds();
    if (this.isViewer() || !ids.length) return;
    const list = this.cellList();
    const first = list.findIndex((cell) => cell.id === ids[0]);
    this.removed.push({index: first, cells: list.slice(first, first + ids.length).map((cell) => this.copyOf(cell))});
    const next = list[first + ids.length] || list[first - 1];
    for (const id of ids) this.model.root.del(`cells.${id}`);
    if (next) this.goTo(this.standIn(next.id));
    this.toast(ids.length > 1 ? `${ids.length} cells removed` : 'Cell removed', 'news', {
      label: 'Undo', run: () => this.restoreCells()
    });
  },

  restoreCells() {
    const last = this.removed.pop();
    if (!last || this.isViewer()) return;
    this.addCells(Math.min(last.index, this.order.ids.length), last.cells);
  },

  // The chosen cells move together past one neighbour.
  moveCells(by) {
    const ids = this.heldIds();
    const list = this.cellList();
    const target = placeBeyond(this.order.ids, this.hidden, ids, by);
    if (target >= 0) this.placeCells(ids, list[target], list[target - 1]);
  },

  // Puts cells between two others; a move only sets weights, so typing in them goes on.
  placeCells(ids, after, before) {
    if (this.isViewer()) return;
    const weights = weightsBetween(before, after, ids.length);
    ids.forEach((id, at) => this.model.root.set(`cells.${id}._weight`, weights[at]));
    const cell = this.component();
    if (cell) this.reveal(cell.box);
  },

  setType(type) {
    if (this.isViewer()) return;
    for (const id of this.chosenIds()) {
      if (this.model.root.get(`cells.${id}.cell_type`) !== type) this.model.root.set(`cells.${id}.cell_type`, type);
    }
  },

  setHeading(level) {
    if (this.isViewer()) return;
    this.setType('markdown');
    for (const id of this.chosenIds()) this.replaceText(id, headingOf(this.textOf(id), level));
  },

  textOf(id) {
    return String(this.model.root.get(`cells.${id}.source`) || '');
  },

  // Replaces what differs, so that what others type elsewhere in the text stays.
  replaceText(id, text) {
    const path = `cells.${id}.source`;
    if (typeof this.model.root.get(path) !== 'string') this.model.root.set(path, '');
    const change = difference(this.textOf(id), text);
    if (!change) return;
    if (change.to > change.from) this.model.root.stringRemove(path, change.from, change.to - change.from);
    if (change.insert) this.model.root.stringInsert(path, change.from, change.insert);
  },

  // Splits the cell in hand at the caret; both parts keep the type.
  splitCell() {
    const cell = this.activeCell();
    const {editor} = cell ? this.component().source : {};
    if (!editor || this.isViewer()) return;
    const at = editor.state.selection.main.head;
    const text = this.textOf(cell.id);
    const [head, tail] = [text.slice(0, at).replace(/\n$/, ''), text.slice(at).replace(/^\n/, '')];
    const index = this.selectedIndex();
    this.addCells(index + 1, [{...newCell(cell.cell_type), source: tail}], {edit: true});
    this.replaceText(cell.id, head);
  },

  // Merges the chosen cells, or the one in hand with the one below, into the first.
  mergeCells() {
    if (this.isViewer()) return;
    let ids = this.chosenIds();
    if (ids.length === 1) ids = this.order.ids.slice(this.selectedIndex(), this.selectedIndex() + 2);
    if (ids.length < 2) return;
    const [first, ...rest] = ids;
    const list = this.cellList();
    const index = list.findIndex((cell) => cell.id === first);
    this.removed.push({index: index + 1, cells: rest.map((id) => this.copyOf(this.model.root.get(`cells.${id}`)))});
    this.replaceText(first, joined(ids.map((id) => this.textOf(id)), this.model.root.get(`cells.${first}.cell_type`)));
    const attachments = Object.assign({}, ...ids.map((id) => this.model.root.get(`cells.${id}.attachments`)));
    if (Object.keys(attachments).length) this.model.root.set(`cells.${first}.attachments`, attachments);
    for (const id of rest) this.model.root.del(`cells.${id}`);
    this.goTo(first);
  }
};
