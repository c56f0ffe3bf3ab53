'use strict';
// The outline beside the notebook: its headings, kept up to date while it is open.
const {listenTo} = require('../page/listening');
const {headingOfCell, headingsIn} = require('./headings');

const SETTLE_MS = 250;

module.exports = {
  toggleOutline(on) {
    const open = on === undefined ? !this.model.get('_page.outline') : on;
    if (open === Boolean(this.model.get('_page.outline'))) return;
    this.model.set('_page.outline', open);
    if (!open) {
      this.stopOutline();
      return this.giveFocusBack();
    }
    this.beforeDialog = document.activeElement;
    this.followHeadings();
    this.focusNow('.outline button');
  },

  followHeadings() {
    const {root} = this.model;
    let soon = null;
    const changed = () => {
      clearTimeout(soon);
      soon = setTimeout(() => this.showHeadings(), SETTLE_MS);
    };
    const stops = [
      listenTo(root, 'all', ['cells', 'cells.*', 'cells.*.source', 'cells.*.cell_type', 'cells.*._weight'], changed),
      listenTo(this.model, 'change', ['_page.selected'], () => this.showCurrentHeading())
    ];
    this.stopOutline = () => {
      clearTimeout(soon);
      stops.forEach((stop) => stop());
    };
    this.showHeadings();
  },

  stopOutline() {},

  showHeadings() {
    this.model.setDiffDeep('_page.headings', headingsIn(this.cellList()));
    this.showCurrentHeading();
  },

  showCurrentHeading() {
    const heading = headingOfCell(this.model.get('_page.headings') || [], this.order.ids, this.activeId());
    this.model.set('_page.currentHeading', heading ? heading.key : '');
  },

  // Goes to a heading within its cell, which is drawn first.
  goToOutline({cell: id, at}) {
    this.goTo(id);
    const cell = this.cells.get(id);
    if (!cell) return;
    cell.draw();
    const heading = cell.rendered.querySelectorAll('h1, h2, h3, h4, h5, h6')[at];
    if (heading && heading.offsetParent) heading.scrollIntoView({block: 'start'});
    if (innerWidth < 900) this.toggleOutline(false);
  },

  outlineKey(event) {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (event.key === 'Escape') {
      this.toggleOutline(false);
    } else if (step) {
      const items = [...document.querySelectorAll('.outline li button')];
      const next = items[items.indexOf(document.activeElement) + step];
      if (next) next.focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
};
