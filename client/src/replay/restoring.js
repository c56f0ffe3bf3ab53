'use strict';
// A cell or the notebook brought back for everybody, and that taken back.
const {confirm} = require('./confirm');
const {momentText} = require('./wording');

module.exports = {
  async restoreCell(id) {
    await this.restore({cell: id}, 'The cell is as it was');
  },

  async restoreNotebook() {
    this.pause();
    const moment = momentText(this.film.timeAt(this.position));
    const sure = await confirm('Restore the whole notebook?',
      `Everybody’s notebook becomes what it was: ${moment}. Nothing is lost: what is there now stays in the history.`, 'Restore');
    if (sure) await this.restore({}, 'The notebook is as it was');
  },

  async restore(what, text) {
    const {position} = this;
    this.pause();
    try {
      const told = await this.asker.ask('restore', {position, ...what});
      if (!told.documents) return this.toasts.say(['Nothing differs from now.', ...told.notes].join(' '));
      this.toasts.say([`${text}: ${momentText(this.film.timeAt(position))}.`, ...told.notes].join(' '), 'done', {
        label: 'Undo', run: () => this.undo(told.restored)
      });
      await this.lookAgain();
    } catch (error) {
      this.problem(error);
    }
  },

  async undo(restored) {
    try {
      const told = await this.asker.ask('undo', {restored});
      this.toasts.say(['Taken back.', ...told.notes].join(' '), 'done');
      await this.lookAgain();
    } catch (error) {
      this.problem(error);
    }
  }
};
