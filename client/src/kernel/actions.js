'use strict';
// Running cells, and what is asked of the kernel itself.
const {headers} = require('./ask');
const {isRunning, queuePosition} = require('../cells/run-state');

module.exports = {
  runCell(id) {
    const cell = this.model.root.get(`cells.${id || this.activeId()}`);
    if (!cell || this.isViewer()) return;
    const component = this.component(cell.id);
    if (cell.cell_type !== 'code') {
      if (component) component.show();
    } else if (!isRunning(cell._state)) {
      this.model.root.set(`cells.${cell.id}._state`, 'run');
    }
  },

  runChosen() {
    this.runCells(this.heldIds());
  },

  // One cell is an op, so that it works offline too; several are asked for at once, to run in order.
  runCells(ids) {
    const waiting = ids.filter((id) => {
      const cell = this.model.root.get(`cells.${id}`);
      if (cell && cell.cell_type === 'code') return !isRunning(cell._state);
      this.runCell(id);
      return false;
    });
    if (waiting.length === 1) return this.runCell(waiting[0]);
    return waiting.length ? this.tell('The cells were not run', this.ask('run', {cells: waiting})) : undefined;
  },

  // Runs the chosen cells and goes on to the next; past the end there is a new one.
  runAndAdvance() {
    const ids = this.heldIds();
    this.runChosen();
    const next = this.order.ids[this.order.ids.indexOf(ids[ids.length - 1]) + 1];
    if (next) this.goTo(next);
    else this.insertCell('end');
  },

  runAndInsert() {
    this.runChosen();
    this.insertCell('below');
  },

  runAll() {
    this.runCells(this.order.ids);
  },

  runAbove() {
    this.runCells(this.order.ids.slice(0, this.selectedIndex()));
  },

  runBelow() {
    this.runCells(this.order.ids.slice(this.selectedIndex()));
  },

  // The place of a cell among those that wait, from 1.
  queuePosition(run) {
    const cells = this.cellList();
    const cell = cells.find((item) => item._run === run);
    return cell ? queuePosition(cells, cell.id, this.model.get('_page.notebook._queue')) : 0;
  },

  // Counts what runs and waits, for the header.
  runChanged() {
    if (this.counting) return;
    this.counting = setTimeout(() => {
      this.counting = null;
      const left = this.cellList().filter((cell) => isRunning(cell._state)).length;
      this.runTotal = left ? Math.max(this.runTotal || 0, left) : 0;
      this.model.set('_page.runsLeft', left);
      this.model.set('_page.runsTotal', this.runTotal);
    }, 50);
  },

  async post(path, body) {
    const response = await fetch(`${this.base}/derby/${path}`, {
      method: 'POST', headers, body: body === undefined ? undefined : JSON.stringify(body)
    });
    if (!response.ok) throw new Error((await response.text()).trim().slice(0, 200) || `status ${response.status}`);
    return response;
  },

  // Asks the service something about this notebook.
  ask(action, body = {}) {
    return this.post(`notebooks/${this.notebookId}/${action}`, body);
  },

  // Waits for an answer; says in words that there was none. Returns whether there was one.
  async tell(failure, asked) {
    try {
      await asked;
      return true;
    } catch (error) {
      this.toast(`${failure}: ${error.message}`);
      return false;
    }
  },

  async kernelRequest(action) {
    if (this.isViewer()) return false;
    const done = await this.tell(`Jupyter did not ${action} the kernel`, this.ask(action));
    if (done && action === 'restart') this.toast('The kernel is restarted: what it knew is gone.', 'done');
    return done;
  },

  async restartKernel({andRun} = {}) {
    if (!await this.confirm('Restart the kernel?', 'All variables are lost, for everybody here.', 'Restart')) return;
    if (andRun) await this.tell('The notebook was not run', this.ask('run', {which: 'all', restart: true}));
    else await this.kernelRequest('restart');
  },

  async shutDown() {
    if (!await this.confirm('Shut down the kernel?', 'All variables are lost, for everybody here. The next run starts it anew.', 'Shut down')) return;
    await this.kernelRequest('shutdown');
  },

  cancelWaiting() {
    return this.tell('What waits was not cancelled', this.ask('cancel'));
  },

  async listKernels() {
    if (this.isViewer()) return;
    try {
      const {default: usual, kernels} = await (await this.ask('kernels')).json();
      const {session, contents} = this.model.get('_page.notebook') || {};
      const running = session && session.kernel && session.kernel.name;
      const named = contents && contents.metadata && contents.metadata.kernelspec;
      const current = running || (named && named.name) || usual;
      this.model.set('_page.kernels', Object.entries(kernels).map(([name, title]) => ({name, title, current: name === current})));
    } catch {
      this.model.set('_page.kernels', []); // the menu works without them
    }
  },

  async chooseKernel(name) {
    this.closeMenus();
    if (await this.tell('The kernel was not chosen', this.ask('kernel', {name}))) this.toast('The next run starts that kernel.', 'done');
  }
};
