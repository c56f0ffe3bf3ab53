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
    for (const id of this.chosenIds()) this.runCell(id);
  },

  // Runs the chosen cells and goes on to the next; past the end there is a new one.
  runAndAdvance() {
    const ids = this.chosenIds();
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
    for (const id of this.order.ids) this.runCell(id);
  },

  runAbove() {
    for (const id of this.order.ids.slice(0, this.selectedIndex())) this.runCell(id);
  },

  runBelow() {
    for (const id of this.order.ids.slice(this.selectedIndex())) this.runCell(id);
  },

  queuePosition(run) {
    const cells = this.cellList();
    const cell = cells.find((item) => item._run === run);
    return cell ? queuePosition(cells, cell.id) : 0;
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

  async kernelRequest(action) {
    const kernel = this.model.get('_page.notebook.session.kernel');
    if (this.isViewer()) return false;
    if (!kernel || !kernel.id) {
      this.toast('No kernel runs yet. Run a cell to start one.', 'news');
      return false;
    }
    try {
      await this.post(`kernels/${kernel.id}/${action}`);
      if (action === 'restart') this.toast('The kernel is restarted: what it knew is gone.', 'done');
      return true;
    } catch (error) {
      this.toast(`Jupyter did not ${action} the kernel: ${error.message}. Reload the page and try again.`);
      return false;
    }
  },

  async restartKernel({andRun} = {}) {
    if (!await this.confirm('Restart the kernel?', 'All variables are lost, for everybody here.', 'Restart')) return;
    if (await this.kernelRequest('restart') && andRun) this.runAll();
  }
};
