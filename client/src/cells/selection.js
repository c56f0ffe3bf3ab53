'use strict';
// Which cell is in hand, and which others are chosen with it.

module.exports = {
  cellList() {
    return this.order ? this.order.cells() : [];
  },

  activeId() {
    return this.model.get('_page.selected');
  },

  activeCell() {
    return this.model.root.get(`cells.${this.activeId()}`);
  },

  selectedIndex() {
    return this.order.ids.indexOf(this.activeId());
  },

  component(id) {
    return this.cells.get(id === undefined ? this.activeId() : id);
  },

  // The chosen cells in order: those from the anchor to the one in hand.
  chosenIds() {
    const {ids} = this.order;
    const active = ids.indexOf(this.activeId());
    const anchor = ids.indexOf(this.anchorId);
    if (active < 0) return [];
    if (anchor < 0) return [ids[active]];
    return ids.slice(Math.min(active, anchor), Math.max(active, anchor) + 1);
  },

  isChosen(id) {
    return this.chosen.has(id);
  },

  // Takes a cell in hand; `extend` keeps those chosen before.
  pickCell(id, extend) {
    this.unhide(id);
    if (!extend) this.anchorId = id;
    const changed = this.activeId() !== id;
    this.model.set('_page.selected', id);
    this.showChosen();
    if (!changed) return;
    this.lastIndex = this.selectedIndex();
    this.syncSelectedType();
    this.says({cell: id});
  },

  selectCell(id) {
    this.pickCell(id);
  },

  // Only the cells that change are touched, however many there are.
  showChosen() {
    const now = new Set(this.chosenIds());
    const active = this.activeId();
    for (const id of new Set([...this.chosen, ...now, this.shownActive])) {
      const cell = this.cells.get(id);
      if (!cell) continue;
      cell.box.toggleAttribute('data-selected', id === active);
      cell.box.toggleAttribute('data-chosen', now.has(id) && now.size > 1);
      if (id === active) cell.box.tabIndex = 0;
      else if (cell.box.tabIndex === 0) this.untabSoon(cell);
      if (id === active) cell.box.setAttribute('aria-current', 'true');
      else cell.box.removeAttribute('aria-current');
    }
    this.chosen = now;
    this.shownActive = active;
    this.showCellTools(this.cells.get(active));
    this.model.set('_page.chosenCount', now.size);
  },

  // When the focus has gone on: while the element has it, Chromium brings all styles up to date to see whether it may keep it.
  untabSoon(cell) {
    requestAnimationFrame(() => {
      if (this.activeId() !== cell.id) cell.box.tabIndex = -1;
    });
  },

  step(by, extend) {
    const id = this.shownBeside(this.activeId(), by);
    if (id) this.goTo(id, extend);
  },

  // Goes to a cell in command mode.
  goTo(id, extend) {
    this.order.reach(id);
    const cell = this.cells.get(id);
    if (!cell) return;
    this.pickCell(id, extend);
    cell.box.focus({preventScroll: true});
    this.reveal(cell.box);
  },

  // Scrolls no more than needed, with the header out of the way.
  reveal(box) {
    const {top, bottom} = box.getBoundingClientRect();
    const edge = this.headerHeight() + 8;
    if (top < edge) window.scrollBy({top: top - edge});
    else if (bottom > innerHeight) window.scrollBy({top: Math.min(top - edge, bottom - innerHeight + 24)});
  },

  headerHeight() {
    const bars = document.querySelector('.bars');
    return bars ? bars.getBoundingClientRect().bottom : 0;
  },

  chooseAll() {
    const ids = this.shownIds();
    if (!ids.length) return;
    this.anchorId = ids[0];
    this.model.set('_page.selected', ids[ids.length - 1]);
    this.showChosen();
  },

  syncSelectedType() {
    const cell = this.activeCell();
    this.model.set('_page.selectedType', cell ? cell.cell_type : 'code');
  },

  // Called for each cell that appears.
  cellCreated(cell) {
    if (this.activeId() === cell.id || this.chosen.has(cell.id)) {
      this.shownActive = null;
      this.showChosen();
    }
    if (this.focusWhenCreated === cell.id) {
      this.focusWhenCreated = null;
      this.pickCell(cell.id);
      // Its elements are in the page only after this.
      queueMicrotask(() => {
        if (cell.isDestroyed) return;
        this.focusEditor ? cell.edit() : cell.box.focus({preventScroll: true});
        this.reveal(cell.box);
      });
    }
    this.showSectionOf(cell);
  },

  // The order changed: what is in hand may be gone.
  orderChanged() {
    const {ids} = this.order;
    if (!ids.includes(this.activeId())) {
      const next = ids[Math.min(this.lastIndex || 0, ids.length - 1)];
      this.anchorId = next;
      if (next) this.pickCell(next);
      else this.model.set('_page.selected', null);
    }
    this.lastIndex = this.selectedIndex();
    this.showSections();
    this.showChosen();
  },

  setMode(mode) {
    if (this.mode === mode) return;
    this.mode = mode;
    this.model.set('_page.mode', mode);
    document.documentElement.dataset.mode = mode;
  }
};
