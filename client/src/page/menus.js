'use strict';
// Menus: they open on a press, close on Escape and when the focus leaves them; arrows go through them.
const {commands} = require('../commands/list');

const APART = new Set(['kernel', 'people', 'all']); // those that stand alone, not in the bar
const ITEM = '[role="menuitem"]:not(:disabled)';

module.exports = {
  toggleMenu(title, on) {
    const open = on === undefined ? this.model.get('_page.menu') !== title : on;
    if (!open && this.model.get('_page.menu') !== title) return;
    this.model.set('_page.menu', open ? title : '');
    if (!open) return;
    if (title === 'kernel') this.listKernels();
    this.focusNow(`.menu ${ITEM}`);
  },

  // With one menu open, the pointer opens the others; not one that comes under it, as when the
  // header has something longer to say.
  menuPointed(title, {movementX, movementY}) {
    if (!movementX && !movementY) return;
    const open = this.model.get('_page.menu');
    if (open && open !== title && !APART.has(open)) this.toggleMenu(title, true);
  },

  closeMenus() {
    this.model.set('_page.menu', '');
  },

  menuLeft(event) {
    const to = event.relatedTarget;
    const box = event.target.closest('.menu-box');
    if (box && !(to && box.contains(to))) this.toggleMenu(box.dataset.menu, false);
  },

  menuKey(event) {
    const box = event.target.closest('.menu-box');
    const opener = box.querySelector('[aria-haspopup]');
    const items = [...box.querySelectorAll(`.menu ${ITEM}`)];
    const at = items.indexOf(document.activeElement);
    const sideways = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    const to = {ArrowDown: at + 1, ArrowUp: at < 0 ? items.length - 1 : at - 1, Home: 0, End: items.length - 1}[event.key];
    if (event.key === 'Escape') {
      if (!items.length) return;
      this.closeMenus();
      opener.focus();
    } else if (event.key === 'Tab') {
      return this.closeMenus();
    } else if (sideways && !APART.has(box.dataset.menu)) {
      this.menuBeside(box, sideways);
    } else if (to !== undefined && items.length) {
      items[(to + items.length) % items.length].focus();
    } else if (event.key === 'ArrowDown' && document.activeElement === opener) {
      opener.click();
    } else if (event.key.length === 1 && /\S/.test(event.key) && items.length) {
      this.goToLetter(items, at, event.key.toLowerCase());
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  },

  menuBeside(box, step) {
    const boxes = [...document.querySelectorAll('.menus > .menu-box')];
    const next = boxes[(boxes.indexOf(box) + step + boxes.length) % boxes.length];
    const wasOpen = Boolean(this.model.get('_page.menu'));
    next.querySelector('[aria-haspopup]').focus();
    if (wasOpen) this.toggleMenu(next.dataset.menu, true);
  },

  goToLetter(items, at, letter) {
    const order = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    const found = order.find((item) => item.textContent.trim().toLowerCase().startsWith(letter));
    if (found) found.focus();
  },

  // A command from a menu acts on the cell in hand, which has the keyboard again.
  fromMenu(id) {
    this.closeMenus();
    const cell = this.component();
    if (cell) cell.box.focus({preventScroll: true});
    this.perform(id);
  },

  // Whether a command has nothing to act on at this moment.
  isIdle(id) {
    const {when} = commands.get(id);
    return Boolean(when) && !when(this);
  }
};
