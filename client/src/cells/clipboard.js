'use strict';
// Cells that were copied or cut, kept for this page and offered to other programs as text.

const KEPT = ['cell_type', 'source', 'metadata', 'outputs', 'execution_count', 'attachments'];

module.exports = {
  // A cell's content without what ties it to its place.
  copyOf(cell) {
    const copy = {_state: 'idle'};
    if (cell._trusted && cell.outputs && cell.outputs.length) copy._trusted = true;
    for (const key of KEPT) if (cell[key] !== undefined) copy[key] = JSON.parse(JSON.stringify(cell[key]));
    return copy;
  },

  copyCells() {
    const cells = this.heldIds().map((id) => this.model.root.get(`cells.${id}`)).filter(Boolean);
    if (!cells.length) return;
    this.clipboard = cells.map((cell) => this.copyOf(cell));
    const text = cells.map((cell) => cell.source).join('\n\n');
    if (navigator.clipboard) navigator.clipboard.writeText(text).catch(() => {}); // only a courtesy
    this.model.set('_page.canPaste', true);
  },

  cutCells() {
    if (this.isViewer()) return;
    this.copyCells();
    this.removeCells();
  },

  pasteCells(where) {
    if (this.isViewer() || !this.clipboard.length) return;
    const {ids} = this.order;
    const chosen = this.heldIds();
    const index = where === 'above' ? ids.indexOf(chosen[0]) : ids.indexOf(chosen[chosen.length - 1]) + 1;
    this.addCells(Math.max(0, index), this.clipboard);
  },

  duplicateCells() {
    const kept = this.clipboard;
    this.copyCells();
    this.pasteCells('below');
    this.clipboard = kept;
  }
};
