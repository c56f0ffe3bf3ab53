'use strict';
// Every cell coloured by who wrote it, cell by cell as they come into view.

module.exports = {
  toggleBlame() {
    this.pause();
    this.setBlame(!this.blaming);
    if (this.blaming) this.blameNear();
  },

  setBlame(on) {
    if (this.blaming === on) return;
    this.blaming = on;
    for (const view of this.notebook.views.values()) view.blame = null;
    this.notebook.redraw();
    this.showControls();
  },

  drawnMore() {
    if (this.blaming) this.blameNear();
  },

  async blameNear() {
    if (this.asking) return;
    this.asking = true;
    try {
      let view;
      while (this.blaming && (view = this.notebook.near().find(({blame}) => !blame))) {
        const {position} = this;
        const {blame} = await this.asker.ask('cell', {cell: view.id, position});
        if (!this.blaming || position !== this.position) continue;
        view.blame = blame;
        view.draw();
      }
    } catch (error) {
      this.problem(error);
    } finally {
      this.asking = false;
    }
  }
};
