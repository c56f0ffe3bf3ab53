'use strict';
// The command palette and the list of keys.
const {groups} = require('./list');
const {onMac, shownKeys} = require('./keys');
const {ranked} = require('./ranking');

const keysOf = (command) => [...command.keys || [], ...command.editKeys || [], ...command.anyKeys || []];

function described(command) {
  const keys = [...new Set(keysOf(command))];
  return {id: command.id, title: command.title, keys: keys.slice(0, 2).map((key) => ({parts: shownKeys(key, onMac())}))};
}

module.exports = {
  openPalette() {
    this.palette = groups.flatMap((group) => group.commands)
      .filter((command) => !(command.changes && this.isViewer()))
      .map(described);
    this.beforeDialog = document.activeElement;
    this.model.set('_page.palette', {query: '', at: 0, items: this.palette});
    this.focusNow('#palette-input');
  },

  searchPalette(query) {
    this.model.set('_page.palette.query', query);
    this.model.set('_page.palette.items', ranked(this.palette, query));
    this.model.set('_page.palette.at', 0);
  },

  paletteKey(event) {
    const {items, at} = this.model.get('_page.palette');
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step && items.length) {
      this.model.set('_page.palette.at', (at + step + items.length) % items.length);
      const chosen = document.querySelector('.palette [aria-selected="true"]');
      if (chosen) chosen.scrollIntoView({block: 'nearest'});
    } else if (event.key === 'Enter' && items[at]) {
      this.choose(items[at].id);
    } else if (event.key === 'Escape') {
      this.closePalette();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  },

  choose(id) {
    this.closePalette();
    this.perform(id);
  },

  closePalette() {
    this.model.del('_page.palette');
    this.giveFocusBack();
  },

  openHelp() {
    this.beforeDialog = document.activeElement;
    const all = groups.map(({title, commands}) => ({
      title, commands: commands.filter((command) => keysOf(command).length).map(described)
    }));
    this.model.set('_page.help', {groups: all});
    this.focusNow('#help');
  },

  closeHelp() {
    this.model.del('_page.help');
    this.giveFocusBack();
  }
};
