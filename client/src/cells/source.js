'use strict';
// A cell's text as it stands on the page: still text from afar, a live editor when near or in use.
//
// The editor's code is loaded once, when the first cell wants it. A cell that gives its editor up
// keeps the editor's state, and so its undo history.

let loading = null;
let loaded = null;

function loadEditors() {
  loading = loading || import('./editor.mjs').then((module) => (loaded = module));
  return loading;
}

class Source {
  constructor(cell) {
    this.cell = cell;
    this.place = cell.editor;
    this.editor = null;
    this.drawStill();
  }

  text() {
    return String(this.cell.get('source') || '');
  }

  get live() {
    return Boolean(this.editor && this.editor.view);
  }

  get hasFocus() {
    return this.live && this.editor.view.hasFocus;
  }

  // One line element per line, as in the editor, so that nothing moves when it takes over.
  drawStill() {
    if (this.live) return;
    this.still = this.still || document.createElement('div');
    this.still.className = 'still cm-content';
    this.still.dir = 'auto';
    const text = this.text();
    const html = loaded && loaded.highlighted(text, this.cell.get('cell_type'), this.cell.page.language());
    this.still.replaceChildren(...(html || text.split('\n').map((line) => {
      const element = document.createElement('div');
      element.className = 'cm-line';
      element.append(line || document.createElement('br'));
      return element;
    })));
    if (!this.still.isConnected) this.place.replaceChildren(this.still);
  }

  changed() {
    if (this.live || this.redrawing) return;
    this.redrawing = requestAnimationFrame(() => {
      this.redrawing = null;
      if (!this.live && !this.destroyed) this.drawStill();
    });
  }

  // At once where the editors' code is there: whoever wakes several sees what each of them took.
  wake() {
    if (this.live || this.destroyed) return undefined;
    if (!loaded) return loadEditors().then(() => this.wake());
    this.editor = this.editor || loaded.createEditor(this.cell);
    this.editor.show(this.place);
    this.cell.box.classList.add('live');
    this.cell.page.viewport.watchLive(this.cell, true);
    this.still = null;
    return undefined;
  }

  sleep() {
    if (!this.live || this.hasFocus) return;
    this.editor.hide();
    this.cell.box.classList.remove('live');
    this.cell.page.viewport.watchLive(this.cell, false);
    this.drawStill();
  }

  async focus(at) {
    await this.wake();
    if (this.destroyed) return;
    this.editor.focus(at);
  }

  destroy() {
    this.destroyed = true;
    if (this.editor) this.editor.destroy();
  }
}

module.exports = {Source, loadEditors};
