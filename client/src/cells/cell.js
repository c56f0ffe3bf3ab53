'use strict';
// One cell: its editor, its rendered markdown, its outputs.

class Cell {
  // Runs in the browser only, once the cell's elements are there.
  create(model) {
    const {createEditor} = require('./editor');
    this.id = model.get('cell.id');
    this.rootModel = model.root;
    this.path = `cells.${this.id}`;
    this.watch('cell_type', () => this.typeChanged());
    this.watch('outputs', () => this.outputsChanged());
    this.watch('attachments', () => this.renderMarkdown());
    this.watch('source', () => this.sourceChanged());
    model.set('editing', this.get('cell_type') !== 'markdown' || !this.get('source'));
    this.view = createEditor(this);
    this.on('destroy', () => this.view.destroy());
    this.page.cells = this.page.cells || new Map();
    this.page.cells.set(this.id, this);
    this.on('destroy', () => this.page.cells.get(this.id) === this && this.page.cells.delete(this.id));
    this.renderMarkdown();
    this.renderOutputs();
    if (this.page.focusWhenCreated === this.id) {
      this.page.focusWhenCreated = null;
      this.page.selectCell(this.id);
      this.edit();
    }
  }

  get(field) {
    return this.rootModel.get(`${this.path}.${field}`);
  }

  // Calls back on any change of a field or within it, for as long as the cell is shown.
  watch(field, callback) {
    const listeners = [`${this.path}.${field}`, `${this.path}.${field}.**`].map((pattern) =>
      this.rootModel.on('all', pattern, callback));
    this.on('destroy', () => listeners.forEach((listener) => this.rootModel.removeListener('all', listener)));
  }

  typeChanged() {
    this.view.setLanguage(this.get('cell_type'));
    if (this.get('cell_type') !== 'markdown') this.model.set('editing', true);
    this.renderMarkdown();
    this.renderOutputs();
    this.page.syncSelectedType();
  }

  sourceChanged() {
    if (!this.model.get('editing')) this.renderMarkdown();
  }

  // A burst of ops becomes one drawing.
  outputsChanged() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = null;
      if (this.outputs) this.renderOutputs();
    });
  }

  renderMarkdown() {
    if (!this.rendered) return;
    if (this.get('cell_type') !== 'markdown') {
      this.rendered.textContent = '';
      return;
    }
    const {markdownFragment} = require('../outputs/markdown');
    this.rendered.replaceChildren(markdownFragment(this.get('source') || '', this.get('attachments')));
  }

  renderOutputs() {
    const {renderOutputs} = require('../outputs/render');
    const isCode = this.get('cell_type') === 'code';
    renderOutputs(this.outputs, isCode ? this.get('outputs') || [] : []);
  }

  select() {
    this.page.selectCell(this.id);
  }

  edit() {
    this.select();
    this.model.set('editing', true);
    this.view.focus();
  }

  // Leaves the editor for command mode; a markdown cell is shown as what it means.
  leave() {
    this.show();
    this.box.focus();
  }

  show() {
    if (this.get('cell_type') === 'markdown' && this.get('source')) {
      this.renderMarkdown();
      this.model.set('editing', false);
    }
  }

  cellClass(selected, id, type, state, editing) {
    const classes = ['cell', type];
    if (selected === id) classes.push('selected');
    if (type === 'markdown' && !editing) classes.push('shown');
    if (state === 'busy' || state === 'queued' || state === 'run') classes.push('running');
    return classes.join(' ');
  }

  promptText(type, state, count) {
    if (type !== 'code') return '';
    if (state === 'run' || state === 'queued' || state === 'busy') return '[*]';
    return count === null || count === undefined ? '[ ]' : `[${count}]`;
  }
}

Cell.view = {is: 'cell', file: __dirname + '/cell.html'};

module.exports = {Cell};
