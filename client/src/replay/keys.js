'use strict';
// The page by keyboard.
const {UNITS} = require('./dock');

module.exports = {
  key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target.closest ? event.target : document.body;
    if (target.closest('input, textarea, .dialog')) return;
    const pressing = target.closest('button, a, select, summary') && (event.key === ' ' || event.key === 'Enter');
    if (pressing || target.closest('select') && event.key.startsWith('Arrow')) return;
    const act = {
      ' ': () => this.togglePlay(),
      ArrowRight: () => this.step(false, event.shiftKey ? 'run' : this.unit),
      ArrowLeft: () => this.step(true, event.shiftKey ? 'run' : this.unit),
      Home: () => (this.pause(), this.goTo(0)),
      End: () => (this.pause(), this.goTo(this.film.total)),
      b: () => this.toggleBlame(),
      d: () => this.toggleCompare(),
      r: () => this.toggleRuns(),
      1: () => this.pickUnit(0),
      2: () => this.pickUnit(1),
      3: () => this.pickUnit(2),
      Escape: () => this.leave()
    }[event.key];
    if (!act || !this.film.overview) return;
    event.preventDefault();
    act();
  },

  pickUnit(index) {
    this.setUnit(UNITS[index][0]);
    this.dock.unit.value = this.unit;
    this.toasts.say(`Steps go by ${UNITS[index][1]}.`);
  },

  leave() {
    if (!this.runs.element.hidden) this.toggleRuns(false);
    else if (this.cell !== null) this.closeCell();
    else if (this.compared !== null) this.toggleCompare();
    else if (this.blaming) this.toggleBlame();
    else this.pause();
  }
};
