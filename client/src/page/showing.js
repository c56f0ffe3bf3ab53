'use strict';
// The notebook is on the page: what is set up for it, and taken down with it.
const {listenTo} = require('./listening');
const {Blocks} = require('../cells/blocks');
const {CellOrder} = require('../cells/order');
const {Viewport} = require('../cells/viewport');
const {Waking} = require('../cells/waking');
const {followPeople} = require('../people/presence');
const {loadEditors} = require('../cells/source');
const {menus} = require('../commands/menus');
const {onMac} = require('../commands/keys');
const {toolbar} = require('../commands/toolbar');

const afterPaint = (callback) => requestAnimationFrame(() => setTimeout(callback));
const later = (callback) => (window.requestIdleCallback || setTimeout)(callback, {timeout: 2000});

module.exports = {
  // Before the first drawing.
  prepare(notebookId) {
    const {model} = this;
    this.notebookId = notebookId;
    this.base = model.get('_page.base');
    this.cells = new Map();
    this.chosen = new Set();
    this.clipboard = [];
    this.removed = [];
    this.toastActions = new Map();
    this.waking = new Waking();
    this.asked = new Set();
    this.viewport = new Viewport();
    this.setMaxListeners(50); // each part of the page takes down what it set up
    this.says = () => {};
    this.startTheme();
    model.set('_page.toolbar', toolbar(this.isViewer()));
    model.set('_page.menus', menus(this.isViewer(), onMac()));
    model.set('_page.viewer', this.isViewer());
    model.set('_page.mode', 'command');
    model.set('_page.toasts', []);
    model.setNull('_page.mine', {folded: {}});
    this.order = new CellOrder(model, notebookId);
    this.order.onChange = () => this.orderChanged();
    model.set('_page.selected', this.order.ids[0]);
    this.anchorId = this.order.ids[0];
    this.followSections();
  },

  // After the first drawing.
  shown() {
    performance.mark('notebook-drawn');
    const main = document.querySelector('main');
    this.blocks = new Blocks(main, (slot) => this.viewport.watchBlock(slot));
    this.order.onShow = () => this.blocks.arrange();
    const listen = (target, type, listener, options) => {
      target.addEventListener(type, listener, options);
      this.on('destroy', () => target.removeEventListener(type, listener, options));
    };
    listen(document, 'keydown', (event) => this.commandKey(event));
    for (const type of ['wheel', 'touchmove', 'mousedown', 'keydown']) {
      listen(window, type, (event) => this.stopFollowing(event), {passive: true, capture: true});
    }
    listen(window, 'resize', () => this.showPeople());
    listen(window, 'beforeunload', (event) => this.mayLeave(event));
    this.on('destroy', () => {
      this.order.destroy();
      this.viewport.destroy();
      this.waking.destroy();
    });
    this.watchDragging(main);
    this.watchFile();
    this.watchName();
    this.watchLanguage();
    this.syncSelectedType();
    this.showChosen();
    followPeople(this);
    afterPaint(loadEditors);
    later(() => {
      this.loadMine();
      this.loadChat();
    });
    const first = this.component();
    if (first && document.activeElement === document.body) first.box.focus({preventScroll: true});
  },

  language() {
    const {kernelspec, language_info: info} = this.model.get('_page.notebook.contents.metadata') || {};
    return (info && info.name) || (kernelspec && kernelspec.language) || 'python';
  },

  // Another kernel speaks another language.
  watchLanguage() {
    let last = this.language();
    const changed = () => {
      if (this.language() === last) return;
      last = this.language();
      for (const {source, id} of this.cells.values()) {
        if (source.editor) source.editor.setLanguage(this.model.root.get(`cells.${id}.cell_type`));
        else source.changed();
      }
    };
    const path = `notebooks.${this.notebookId}.contents`;
    this.on('destroy', listenTo(this.model.root, 'all', [path, `${path}.**`], changed));
  },

  wakeSoon(source) {
    this.waking.push(source);
  },

  // Typing goes out at once; only what the server has not taken yet holds a person back.
  mayLeave(event) {
    if (this.model.root.connection.hasWritePending()) event.preventDefault();
  },

  toggleNumbers(everywhere) {
    const cell = this.component();
    if (everywhere) this.numbered = !this.numbered;
    for (const each of everywhere ? this.cells.values() : [cell]) {
      if (!each) continue;
      each.numbered = everywhere ? this.numbered : !each.numbered;
      if (each.source.editor) each.source.editor.setNumbered(each.numbered);
    }
  },

  goToHeading(slug) {
    this.order.grow(true);
    this.viewport.drawAll();
    const heading = [...document.querySelectorAll('.rendered :is(h1, h2, h3, h4, h5, h6)')]
      .find((element) => element.textContent.trim().replace(/\s+/g, '-') === slug);
    const box = heading && heading.closest('.cell');
    if (!box) return;
    this.goTo(box.dataset.cellId);
    heading.scrollIntoView();
  }
};
