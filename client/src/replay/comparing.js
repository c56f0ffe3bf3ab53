'use strict';
// Two moments compared: the other thumb, and what differs between them.
const {momentText} = require('./wording');

module.exports = {
  async toggleCompare() {
    this.pause();
    if (this.compared !== null) {
      this.compared = null;
      this.diff.element.hidden = true;
      this.notebook.element.hidden = false;
      this.showControls();
      return this.settle();
    }
    // From this moment to now; at the end, from where the last sitting began.
    const atEnd = this.position >= this.film.total;
    const from = atEnd ? this.film.positionOf(Math.max(0, this.film.shareOf(this.film.total) - 0.25)) : this.position;
    this.compared = from;
    await this.goTo(atEnd ? this.position : this.film.total);
  },

  async openCompare(moment) {
    const {position} = await this.film.fetch({at: moment}, this.state);
    this.compared = position;
    await this.goTo(this.position);
  },

  compareWith(position) {
    this.compared = Math.max(0, Math.min(position, this.film.total));
    this.showControls();
    this.showDiff();
    this.settle();
  },

  async showDiff() {
    const [from, to] = [Math.min(this.position, this.compared), Math.max(this.position, this.compared)];
    this.comparing = `${from} ${to}`;
    if (this.diffing) return; // the answer to come asks again
    this.diffing = true;
    try {
      const {cells} = await this.asker.ask('diff', {from, to});
      if (this.compared === null) return;
      this.notebook.element.hidden = true;
      this.diff.element.hidden = false;
      this.diff.show(cells, `From ${momentText(this.film.timeAt(from))} to ${to >= this.film.total ? 'now' : momentText(this.film.timeAt(to))}`);
    } catch (error) {
      this.problem(error);
    } finally {
      this.diffing = false;
      if (this.compared !== null && this.comparing !== `${from} ${to}`) this.showDiff();
    }
  }
};
