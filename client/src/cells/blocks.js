'use strict';
// Groups the cells on the page, a few to a block, so that the browser passes over a whole block at
// once: it lays out, paints and watches those near the window, and for the others knows a height.
//
// The blocks are slots in a shadow tree of the notebook's element. The cells stay its children, side by
// side in their order: what looks for a cell, reads, prints or moves it knows nothing of blocks.
const {partition} = require('./partition');

const CELL_HEIGHT = 160; // about what a cell takes, until its block was once laid out

class Blocks {
  // `onChange` is called with each block that came or holds other cells than before.
  constructor(host, onChange) {
    this.host = host;
    this.onChange = onChange;
    this.list = [];
    this.root = host.attachShadow({mode: 'open', slotAssignment: 'manual'});
    this.rest = document.createElement('slot'); // what is no cell stands below them
    this.root.append(this.rest);
    this.arrange();
  }

  // Follows the host's children, which have changed.
  arrange() {
    const children = [...this.host.children];
    const cells = children.filter(isCell);
    const runs = partition(cells, this.list.map(({cells: held}) => held));
    const list = runs.map(({items, was}) => ({slot: was === undefined ? makeSlot() : this.list[was].slot, cells: items}));
    const before = new Map(this.list.map(({slot, cells: held}) => [slot, held]));
    this.list = list;
    for (const slot of before.keys()) if (!list.some((block) => block.slot === slot)) slot.remove();
    let next = this.root.firstChild;
    for (const {slot, cells: held} of list) {
      if (slot === next) next = next.nextSibling;
      else this.root.insertBefore(slot, next);
      if (sameItems(held, before.get(slot))) continue;
      slot.assign(...held);
      slot.style.containIntrinsicBlockSize = `auto ${held.length * CELL_HEIGHT}px`;
      this.onChange(slot);
    }
    this.rest.assign(...children.filter((child) => !isCell(child)));
    this.showFolded();
  }

  // A block of which no cell is shown takes no room, also where it is far away.
  showFolded() {
    for (const {slot, cells} of this.list) {
      const display = cells.every((cell) => cell.hasAttribute('data-folded-away')) ? 'none' : '';
      if (slot.style.display !== display) slot.style.display = display;
    }
  }
}

function isCell(element) {
  return element.hasAttribute('data-cell-id');
}

function makeSlot() {
  const slot = document.createElement('slot');
  slot.part = 'block';
  return slot;
}

function sameItems(a, b) {
  return Boolean(b) && a.length === b.length && a.every((item, index) => item === b[index]);
}

module.exports = {Blocks};
