'use strict';
// Plays the history as it happened, pauses cut short. Decides when the next moment is due; draws nothing.

const IDLE_MS = 1500; // nothing that happens takes longer than this to begin
const LEAST_MS = 12;

class Player {
  constructor(page) {
    this.page = page;
    this.timer = null;
    this.carried = 0;
  }

  get playing() {
    return this.timer !== null;
  }

  start() {
    this.carried = 0;
    this.timer = setTimeout(() => this.next(), 0);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  // Goes on by as many ops as were due since the last time, and waits for the one after.
  async next() {
    const running = this.timer;
    const {film, position, unit, followed: author, cell} = this.page;
    try {
      const started = performance.now();
      const target = unit === 'op' && author === null && cell === null
        ? await this.due(film, position) : await film.step(position, {unit, author, cell});
      if (this.timer !== running) return;
      if (target === null || target > film.total || target === position) return this.page.pause();
      const wait = this.pause(film, position, target);
      await this.page.goTo(target, {from: position, playing: true});
      if (this.timer !== running) return;
      film.expect(target);
      this.timer = setTimeout(() => this.next(), Math.max(0, wait - (performance.now() - started)));
    } catch (error) {
      if (this.timer !== running) return;
      this.page.pause();
      this.page.problem(error);
    }
  }

  // Where to be after a frame's worth of time: at high speeds that is many ops on.
  async due(film, position) {
    const ops = await film.ops(position, Math.min(position + 200, film.total));
    if (!ops.length) return null;
    const budget = LEAST_MS * 2 * this.page.speed;
    let spent = 0;
    let index = 1;
    while (index < ops.length) {
      spent += Math.min(ops[index].t - ops[index - 1].t, IDLE_MS);
      if (spent > budget) break;
      index++;
    }
    return position + index;
  }

  // How long a moment stays, from the time until the next one.
  pause(film, position, target) {
    const {unit, speed} = this.page;
    if (unit !== 'op') return Math.max(900 / speed, 60);
    const [before, after] = [film.timeAt(target), film.timeAt(Math.min(target + 1, film.total))];
    return Math.max(Math.min(after - before, IDLE_MS) / speed, LEAST_MS);
  }
}

module.exports = {Player};
