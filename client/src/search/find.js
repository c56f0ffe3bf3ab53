'use strict';
// Find and replace over all cells of the notebook.
const {matchesIn, patternOf, replacementOf} = require('./matches');

module.exports = {
  openFind() {
    const selected = this.selectedText();
    const before = this.model.get('_page.find') || {};
    this.beforeDialog = this.beforeDialog || document.activeElement;
    this.model.set('_page.find', {
      query: selected || before.query || '', replace: before.replace || '', caseful: false, word: false, regex: false,
      ...before, ...(selected ? {query: selected} : {}), open: true
    });
    this.findAgain();
    this.focusNow('#find-input')?.select();
  },

  selectedText() {
    const view = this.lastView;
    if (!view || !view.hasFocus) return '';
    const {from, to} = view.state.selection.main;
    const text = view.state.doc.sliceString(from, to);
    return text.includes('\n') ? '' : text;
  },

  closeFind() {
    this.model.set('_page.find.open', false);
    this.found = [];
    this.markFound();
    const at = this.foundAt;
    this.foundAt = null;
    if (at && this.cells.get(at.id)) this.cells.get(at.id).edit({anchor: at.from, head: at.to});
    else this.giveFocusBack();
    this.beforeDialog = null;
  },

  setFind(key, value) {
    this.model.set(`_page.find.${key}`, value);
    if (key !== 'replace') this.findAgain();
  },

  toggleFind(key) {
    this.setFind(key, !this.model.get(`_page.find.${key}`));
  },

  // Searches anew, and stands at the first match from the cell in hand on.
  findAgain() {
    const find = this.model.get('_page.find') || {};
    const {pattern, error} = patternOf(find);
    this.found = pattern ? this.cellList().flatMap((cell) =>
      matchesIn(String(cell.source || ''), pattern).map((match) => ({...match, id: cell.id}))) : [];
    const from = Math.max(0, this.selectedIndex());
    const index = this.found.findIndex((match) => this.order.ids.indexOf(match.id) >= from);
    this.foundIndex = index < 0 ? 0 : index;
    this.model.set('_page.find.error', error || '');
    this.showFound();
  },

  stepFind(by) {
    if (!this.found.length) return;
    this.foundIndex = (this.foundIndex + by + this.found.length) % this.found.length;
    this.showFound();
  },

  async showFound() {
    const match = this.foundAt = this.found[this.foundIndex];
    const {query, error} = this.model.get('_page.find');
    const count = this.found.length ? `${this.foundIndex + 1} of ${this.found.length}` : query ? 'Not found' : '';
    this.model.set('_page.find.count', error || count);
    if (match) {
      this.order.reach(match.id);
      const cell = this.cells.get(match.id);
      this.pickCell(match.id);
      cell.model.set('editing', true);
      cell.unfold('source');
      await cell.source.wake();
      this.revealFound(cell, match);
    }
    this.markFound();
  },

  revealFound(cell, match) {
    const {view} = cell.source.editor || {};
    const place = view && view.coordsAtPos(Math.min(match.from, view.state.doc.length));
    if (!place) return this.reveal(cell.box);
    const top = this.headerHeight() + 40;
    if (place.top < top || place.bottom > innerHeight - 40) window.scrollBy({top: place.top - innerHeight / 3});
  },

  markFound() {
    for (const [id, cell] of this.cells) {
      if (!cell.source.editor) continue;
      cell.source.editor.showFound(this.found.map((match, index) => ({...match, current: index === this.foundIndex}))
        .filter((match) => match.id === id));
    }
  },

  findKey(event) {
    if (event.key === 'Enter') {
      if (event.target.id === 'replace-input') this.replaceFound();
      else this.stepFind(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape') {
      this.closeFind();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  },

  replaceFound() {
    const match = this.found[this.foundIndex];
    if (!match || this.isViewer()) return;
    this.replaceMatches([match]);
    const index = this.foundIndex;
    this.findAgain();
    this.foundIndex = this.found.length ? index % this.found.length : 0;
    this.showFound();
  },

  replaceAll() {
    if (!this.found.length || this.isViewer()) return;
    const count = this.found.length;
    this.replaceMatches(this.found);
    this.findAgain();
    this.toast(`${count} ${count === 1 ? 'place' : 'places'} replaced.`, 'done');
  },

  // Last first, so that the places of those before hold.
  replaceMatches(matches) {
    const find = this.model.get('_page.find');
    for (const match of [...matches].reverse()) {
      const text = this.textOf(match.id);
      const after = text.slice(0, match.from) + replacementOf(match, find) + text.slice(match.to);
      this.replaceText(match.id, after);
    }
  }
};
