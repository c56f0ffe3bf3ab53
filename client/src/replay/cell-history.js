'use strict';
// One cell's history: its panel opens, goes along with the moment, and closes.

module.exports = {
  async openCell(id) {
    this.pause();
    this.cell = id;
    this.panel.element.hidden = false;
    document.getElementById('content').classList.add('with-chat');
    this.choose(id);
    this.settle();
    await this.refreshPanel();
    const close = this.panel.element.querySelector('header button');
    close.focus({preventScroll: true});
  },

  closeCell() {
    const view = this.notebook.views.get(this.cell);
    this.cell = null;
    this.panel.element.hidden = true;
    document.getElementById('content').classList.remove('with-chat');
    this.choose(null);
    this.settle();
    if (view) view.tools.querySelector('button').focus({preventScroll: true});
  },

  choose(id) {
    for (const view of this.notebook.views.values()) view.box.classList.toggle('chosen', view.id === id);
  },

  async refreshPanel() {
    if (this.cell === null) return;
    const {cell, position} = this;
    try {
      const told = await this.asker.ask('cell', {cell, position});
      if (this.cell === cell && this.position === position) this.panel.show(told);
    } catch (error) {
      this.problem(error);
    }
  }
};
