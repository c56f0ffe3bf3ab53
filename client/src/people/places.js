'use strict';
// Where people are: marks at cells, carets in editors, and going along with somebody.

const SAY_MS = 80;

module.exports = {
  // Others, each once, me first.
  peopleChanged() {
    const others = new Map();
    for (const person of this.present.values()) if (person.userId !== this.me.userId) others.set(person.userId, person);
    const list = [...others.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const people = [{...this.me, me: true}, ...list].map(({userId, name, color, icon, me, cell}) => ({
      userId, name, color, me: Boolean(me), icon: /^(https?:|data:image\/|\/)/.test(icon || '') ? icon : '', place: this.placeOf(cell)
    }));
    this.people = people;
    this.showPeople();
    this.showPlaces();
    if (this.following) this.goAlong();
  },

  // As many as have room stand in the header; all are in a menu behind the number of the rest.
  showPeople() {
    const room = innerWidth < 480 ? 2 : innerWidth < 760 ? 3 : 6;
    const shown = this.people.length > room + 1 ? room : this.people.length;
    this.model.setDiffDeep('_page.people', this.people.slice(0, shown));
    this.model.setDiffDeep('_page.morePeople', this.people.slice(shown));
  },

  followFromMenu(userId) {
    this.closeMenus();
    this.follow(userId);
  },

  placeOf(cell) {
    const index = this.order.ids.indexOf(cell);
    return index < 0 ? '' : `cell ${index + 1}`;
  },

  personTitle(person) {
    if (person.me) return `${person.name} (you)`;
    return person.place ? `${person.name}, in ${person.place}: go along` : `${person.name}: go along`;
  },

  // The name that a screen reader says starts with what is seen.
  personLabel(person) {
    return `${this.initials(person.name)}: ${this.personTitle(person)}`;
  },

  // Redraws the marks of the cells that somebody came to or left.
  showPlaces() {
    const now = new Map();
    for (const person of this.present.values()) {
      if (person.cell) now.set(person.cell, [...now.get(person.cell) || [], person]);
    }
    const before = this.places || new Map();
    this.places = now;
    for (const id of new Set([...before.keys(), ...now.keys()])) {
      const cell = this.cells.get(this.standIn(id));
      if (cell) this.showWho(cell);
    }
  },

  inCell(id) {
    return (this.places && this.places.get(id)) || [];
  },

  cursorsIn(id) {
    return this.inCell(id).filter((person) => typeof person.head === 'number');
  },

  showWho(cell) {
    const here = [cell.id, ...this.hiddenUnder(cell.id)].flatMap((id) => this.inCell(id));
    const people = new Map(here.filter((person) => person.userId !== (this.me || {}).userId)
      .map((person) => [person.userId, person]));
    const key = [...people.values()].map(({userId, name, color}) => `${userId} ${name} ${color}`).join('\n');
    if (cell.who.dataset.key !== key) {
      cell.who.dataset.key = key;
      cell.who.replaceChildren(...[...people.values()].map((person) => this.chip(person)));
    }
    if (cell.source && cell.source.editor) cell.source.editor.showCursors(this.cursorsIn(cell.id));
  },

  chip({userId, name, color}) {
    const chip = document.createElement('li');
    chip.className = 'chip';
    chip.dataset.userId = userId;
    chip.style.cssText = this.personStyle(color);
    chip.title = `${name} is here`;
    const short = document.createElement('span');
    short.textContent = this.initials(name);
    short.setAttribute('aria-hidden', 'true');
    const full = document.createElement('span');
    full.className = 'unseen';
    full.textContent = name;
    chip.append(short, full);
    return chip;
  },

  // Says where my caret is, at most every so often, and last what is true.
  cursorMoved(cell, view) {
    if (!view.hasFocus) return;
    this.saying = {cell, view};
    if (this.sayingSoon) return;
    this.sayingSoon = setTimeout(() => {
      this.sayingSoon = null;
      const {cell: where, view: editor} = this.saying;
      if (where.isDestroyed) return;
      const {anchor, head} = editor.state.selection.main;
      this.says({cell: where.id, anchor, head});
    }, SAY_MS);
  },

  // --- going along ---

  follow(userId) {
    if (userId === this.me.userId) return;
    this.following = this.following === userId ? null : userId;
    const person = this.followed();
    this.model.set('_page.following', this.following ? {userId, name: person ? person.name : ''} : null);
    if (this.following) this.goAlong();
  },

  followed() {
    return [...this.present.values()].find((person) => person.userId === this.following);
  },

  goAlong() {
    const person = this.followed();
    if (!person) return this.endFollowing();
    if (!person.cell || !this.order.ids.includes(person.cell)) return;
    const id = this.standIn(person.cell);
    this.order.reach(id);
    const cell = this.cells.get(id);
    if (!cell) return;
    const caret = cell.box.querySelector('.remote-caret');
    const {top, bottom} = (caret || cell.box).getBoundingClientRect();
    if (top >= this.headerHeight() + 8 && (bottom <= innerHeight - 24 || top < innerHeight / 3)) return;
    const distance = top - this.headerHeight() - innerHeight / 5;
    const near = Math.abs(distance) < 2 * innerHeight;
    window.scrollBy({top: distance, behavior: near && !this.calm() ? 'smooth' : 'auto'});
    // What is drawn on the way changes heights: look again.
    clearTimeout(this.lookingAgain);
    this.lookingAgain = setTimeout(() => this.following && this.goAlong(), near ? 500 : 60);
  },

  calm() {
    return matchMedia('(prefers-reduced-motion: reduce)').matches;
  },

  // Whoever scrolls, clicks or types goes their own way again.
  stopFollowing(event) {
    const press = event.type === 'mousedown' || event.type === 'keydown';
    if (!this.following || press && event.target.closest && event.target.closest('.people, .following')) return;
    this.endFollowing();
  },

  endFollowing() {
    this.following = null;
    this.model.del('_page.following');
  }
};
