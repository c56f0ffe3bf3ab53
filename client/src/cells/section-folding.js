'use strict';
// Sections fold under their headings. As with all folds it is each person's own; what the file says
// of a heading, in JupyterLab's way, holds for who has not folded it themself.
//
// What is in hand is never hidden: whatever takes a cell in hand unfolds what hides it.
const {listenTo} = require('../page/listening');
const {hiddenBy, levelOf, nextHeading, parentHeading, sectionsOf, withSections} = require('./sections');

const SETTLE_MS = 120;

module.exports = {
  // For as long as the notebook is shown; a heading may come and go with what is typed.
  followSections() {
    this.levels = new Map();
    this.sections = new Map();
    this.hidden = new Map();
    this.drawnSections = {sections: this.sections, hidden: this.hidden};
    let soon = null;
    const changed = () => {
      soon = soon || setTimeout(() => {
        soon = null;
        this.showSections();
      }, SETTLE_MS);
    };
    const {root} = this.model;
    const stops = [
      listenTo(root, 'all', ['cells.*.source'], (id) => root.get(`cells.${id}.cell_type`) === 'markdown' && changed()),
      listenTo(root, 'all', ['cells.*.cell_type'], changed)
    ];
    this.on('destroy', () => {
      clearTimeout(soon);
      stops.forEach((stop) => stop());
    });
    this.showSections();
  },

  headings() {
    return this.order.ids.map((id) => ({id, level: this.levelOfCell(id)}));
  },

  levelOfCell(id) {
    const {cell_type: type, source} = this.model.root.get(`cells.${id}`) || {};
    if (type !== 'markdown') return 0;
    const known = this.levels.get(id);
    if (known && known.source === source) return known.level;
    const level = levelOf({cell_type: type, source});
    this.levels.set(id, {source, level});
    return level;
  },

  isFolded(id) {
    return this.foldOf(id).includes('section');
  },

  // Only the cells that come, go, or stand for another number of others are touched.
  showSections() {
    const before = this.drawnSections;
    this.sections = sectionsOf(this.headings());
    this.hidden = hiddenBy(this.sections, (id) => this.isFolded(id));
    if (this.hidden.has(this.activeId())) return this.unhide(this.activeId());
    this.drawnSections = {sections: this.sections, hidden: this.hidden};
    const touched = new Set([
      ...before.hidden.keys(), ...this.hidden.keys(), ...before.hidden.values(), ...this.hidden.values(),
      ...[...before.sections.keys(), ...this.sections.keys()]
        .filter((id) => (before.sections.get(id) || []).length !== (this.sections.get(id) || []).length)
    ]);
    for (const id of touched) {
      const cell = this.cells.get(id);
      if (cell) this.showSectionOf(cell);
    }
    if (this.blocks) this.blocks.showFolded();
  },

  showSectionOf(cell) {
    cell.box.toggleAttribute('data-folded-away', this.hidden.has(cell.id));
    const below = (this.sections.get(cell.id) || []).length;
    if ((cell.model.get('below') || 0) !== below) cell.model.set('below', below);
    this.showWho(cell);
  },

  // The cells that a folded heading stands for.
  hiddenUnder(id) {
    return (this.sections.get(id) || []).filter((below) => this.hidden.get(below) === id);
  },

  // The cell that stands on the page for another: itself, or the heading that hides it.
  standIn(id) {
    return this.hidden.get(id) || id;
  },

  unhide(id) {
    while (this.hidden.has(id)) {
      const heading = this.hidden.get(id);
      this.hidden = new Map([...this.hidden].filter(([, by]) => by !== heading));
      this.fold(heading, 'section', false);
    }
  },

  shownIds() {
    return this.order.ids.filter((id) => !this.hidden.has(id));
  },

  // The next cell in a direction that is shown; undefined at the end.
  shownBeside(id, by) {
    const ids = this.shownIds();
    return ids[ids.indexOf(id) + by];
  },

  // The chosen cells, each folded heading with its section: what is moved, copied, removed and run.
  heldIds() {
    return withSections(this.chosenIds(), this.order.ids, this.hidden);
  },

  // A section that is folded with the cell in hand in it leaves its heading in hand.
  foldSection(id, on) {
    if (on && (this.sections.get(id) || []).includes(this.activeId())) this.goTo(id);
    this.fold(id, 'section', on);
  },

  foldAllSections(on) {
    const headings = [...this.sections.keys()].filter((id) => this.sections.get(id).length);
    const topmost = on && headings.find((id) => this.sections.get(id).includes(this.activeId()));
    if (topmost) this.goTo(topmost);
    for (const id of headings) if (this.isFolded(id) !== on) this.fold(id, 'section', on);
  },

  // Left and Right on a heading fold and show; elsewhere, and then, they go from heading to heading.
  foldOrGoUp() {
    const id = this.activeId();
    if ((this.sections.get(id) || []).length && !this.isFolded(id)) return this.foldSection(id, true);
    const parent = parentHeading(this.headings(), id);
    if (parent) this.goTo(parent);
  },

  unfoldOrGoDown() {
    const id = this.activeId();
    if (this.hiddenUnder(id).length) return this.foldSection(id, false);
    const next = nextHeading(this.headings(), id);
    if (next) this.goTo(next);
  }
};
