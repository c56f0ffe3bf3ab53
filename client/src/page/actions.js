'use strict';
// What a person can do on the page: the toolbar, the keys, and what the header says.
const {weightBetween} = require('../cells/weights');

const RUNNING = new Set(['run', 'queued', 'busy']);

module.exports = function(app) {
  app.toast = function(model, text) {
    const id = model.id();
    model.push('_page.toasts', {id, text});
    setTimeout(() => app.page && app.page.dismissToast(id), 8000);
  };

  Object.assign(app.proto, {
    // --- where we are ---

    showing(notebookId) {
      this.notebookId = notebookId;
      const onKey = (event) => this.commandKey(event);
      document.addEventListener('keydown', onKey);
      this.on('destroy', () => document.removeEventListener('keydown', onKey));
      const first = this.cellList()[0];
      if (first) this.selectCell(first.id);
    },

    cellList() {
      return (this.model.get('_page.cells') || []).filter(Boolean);
    },

    selectedIndex() {
      const id = this.model.get('_page.selected');
      return this.cellList().findIndex((cell) => cell.id === id);
    },

    selectCell(id) {
      if (this.model.get('_page.selected') === id) return;
      this.model.set('_page.selected', id);
      this.syncSelectedType();
      if (this.says) this.says({cell: id});
    },

    syncSelectedType() {
      const cell = this.cellList()[this.selectedIndex()];
      this.model.set('_page.selectedType', cell ? cell.cell_type : 'code');
    },

    isViewer() {
      return this.model.root.get('_session.role') === 'viewer';
    },

    component(id) {
      return this.cells && this.cells.get(id);
    },

    step(by) {
      const cell = this.cellList()[this.selectedIndex() + by];
      if (!cell) return;
      this.selectCell(cell.id);
      const component = this.component(cell.id);
      if (component) {
        component.box.focus();
        component.box.scrollIntoView({block: 'nearest'});
      }
    },

    cursorMoved(cell, view) {
      if (this.says && view.hasFocus) {
        const {anchor, head} = view.state.selection.main;
        clearTimeout(this.cursorTimer);
        this.cursorTimer = setTimeout(() => this.says && this.says({cell: cell.id, anchor, head}), 100);
      }
    },

    backgroundPressed() {},

    // --- changing the notebook ---

    insertCell(where, type) {
      if (this.isViewer()) return;
      const cells = this.cellList();
      const at = this.selectedIndex();
      const index = at < 0 ? cells.length : where === 'above' ? at : at + 1;
      const id = this.model.id();
      this.focusWhenCreated = id;
      this.model.root.add('cells', {
        id,
        _notebook: this.notebookId,
        _weight: weightBetween(cells[index - 1], cells[index]),
        _state: 'idle',
        cell_type: type || 'code',
        source: '',
        metadata: {},
        outputs: [],
        execution_count: null
      });
    },

    removeCell() {
      if (this.isViewer()) return;
      const cells = this.cellList();
      const index = this.selectedIndex();
      if (index < 0) return;
      const next = cells[index + 1] || cells[index - 1];
      this.model.root.del(`cells.${cells[index].id}`);
      if (next) this.selectCell(next.id);
    },

    moveCell(by) {
      if (this.isViewer()) return;
      const cells = this.cellList();
      const index = this.selectedIndex();
      const target = index + by;
      if (index < 0 || target < 0 || target >= cells.length) return;
      const [before, after] = by < 0 ? [cells[target - 1], cells[target]] : [cells[target], cells[target + 1]];
      this.model.root.set(`cells.${cells[index].id}._weight`, weightBetween(before, after));
    },

    setType(type) {
      const cell = this.cellList()[this.selectedIndex()];
      if (!cell || cell.cell_type === type || this.isViewer()) return;
      this.model.root.set(`cells.${cell.id}.cell_type`, type);
    },

    // --- running ---

    runCell(id) {
      const cell = this.cellList().find((item) => item.id === (id || this.model.get('_page.selected')));
      if (!cell || this.isViewer()) return;
      const component = this.component(cell.id);
      if (cell.cell_type !== 'code') {
        if (component) component.show();
      } else if (!RUNNING.has(cell._state)) {
        this.model.root.set(`cells.${cell.id}._state`, 'run');
      }
    },

    runAndAdvance(id) {
      this.runCell(id);
      const component = this.component(id);
      if (component) component.leave();
      const cells = this.cellList();
      const next = cells[cells.findIndex((cell) => cell.id === id) + 1];
      next ? this.step(1) : this.insertCell('below');
    },

    runAll() {
      for (const cell of this.cellList()) this.runCell(cell.id);
    },

    async kernelRequest(action) {
      const kernel = this.model.get('_page.notebook.session.kernel');
      if (!kernel || !kernel.id) return app.toast(this.model, 'No kernel runs yet. Run a cell to start one');
      
      const response = await fetch(`${this.model.get('_page.base')}/derby/kernels/${kernel.id}/${action}`, {
        method: 'POST',
        headers: {'X-Requested-With': 'derby-notebook'}
      });
      if (!response.ok) app.toast(this.model, `Jupyter did not ${action} the kernel (status ${response.status}). Reload the page and try again`);
    },

    // --- keys ---

    editorKeys(cell) {
      return [
        {key: 'Escape', run: () => (cell.leave(), true)},
        {key: 'Ctrl-Enter', run: () => (this.runCell(cell.id), true)},
        {key: 'Mod-Enter', run: () => (this.runCell(cell.id), true)},
        {key: 'Shift-Enter', run: () => (this.runAndAdvance(cell.id), true)}
      ];
    },

    commandKey(event) {
      const target = event.target;
      if (event.defaultPrevented || event.altKey || event.metaKey) return;
      if (target.closest && target.closest('.cm-editor, input, select, textarea, button, a')) return;
      const id = this.model.get('_page.selected');
      const component = this.component(id);
      const twice = this.lastKey === event.key && Date.now() - this.lastKeyAt < 600;
      [this.lastKey, this.lastKeyAt] = [event.key, Date.now()];
      if (event.key === 'Enter') {
        if (event.shiftKey) this.runAndAdvance(id);
        else if (event.ctrlKey) this.runCell(id);
        else if (component) component.edit();
        event.preventDefault();
        return;
      }
      if (event.ctrlKey || event.shiftKey) return;
      const command = {
        a: () => this.insertCell('above'),
        b: () => this.insertCell('below'),
        d: () => twice && this.removeCell(),
        j: () => this.step(1),
        k: () => this.step(-1),
        ArrowDown: () => this.step(1),
        ArrowUp: () => this.step(-1),
        m: () => this.setType('markdown'),
        y: () => this.setType('code'),
        r: () => this.setType('raw')
      }[event.key];
      if (!command) return;
      event.preventDefault();
      command();
    },

    // --- what the header says ---

    dismissToast(id) {
      const toasts = this.model.get('_page.toasts') || [];
      const index = toasts.findIndex((toast) => toast.id === id);
      if (index >= 0) this.model.remove('_page.toasts', index, 1);
    },

    saveState(state, connection) {
      return connection === 'connected' ? state || 'saved' : 'offline';
    },

    saveText(state, connection) {
      if (connection !== 'connected') return 'Offline';
      const texts = {dirty: 'Unsaved changes', saving: 'Saving…', error: 'Not saved', conflict: 'File changed outside'};
      return texts[state] || 'Saved';
    },

    kernelName(kernel) {
      return (kernel && (kernel.display_name || kernel.name)) || 'No kernel';
    },

    kernelStatus(status) {
      return status || 'none';
    },

    initials(name) {
      const words = String(name || '?').trim().split(/\s+/);
      return (words.length > 1 ? words[0][0] + words[words.length - 1][0] : words[0].slice(0, 2)).toUpperCase();
    },

    personStyle(color) {
      return `--person: ${/^#[0-9a-f]{3,8}$/i.test(color) ? color : '#64748b'}`;
    },

    isType(type, selected, selectedType) {
      return type === selectedType;
    }
  });

};
