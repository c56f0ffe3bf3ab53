'use strict';
// What one person has folded away, and how far long outputs are cut: theirs alone, kept for them.

const {foldedInFile, withPart} = require('./folds');

module.exports = {
  foldOf(id) {
    const mine = this.model.get(`_page.mine.folded.${id}`);
    return mine === undefined ? foldedInFile(this.model.root.get(`cells.${id}.metadata`)) : mine;
  },

  fold(id, part, on) {
    const folded = withPart(this.foldOf(id), part, on);
    const cell = this.cells.get(id);
    if (cell) cell.model.set('folded', folded);
    this.keepMine(`folded.${id}`, folded);
    if (part === 'section') this.showSections();
  },

  // Folds a part of the chosen cells, or unfolds it if it is folded in the one in hand.
  toggleFold(part) {
    const on = !this.foldOf(this.activeId()).includes(part);
    for (const id of this.chosenIds()) this.fold(id, part, on);
  },

  foldAll(part, on) {
    for (const id of this.order.ids) if (this.foldOf(id).includes(part) !== on) this.fold(id, part, on);
  },

  showFolds() {
    for (const [id, cell] of this.cells) {
      const folded = this.foldOf(id);
      if (cell.model.get('folded') !== folded) cell.model.set('folded', folded);
    }
    this.showSections();
  }
};
