'use strict';
// Which cells are near enough to be worth drawing, and to hold a live editor.
//
// Within the first ring a cell is drawn and gets an editor; beyond the second it gives the editor
// up, so only cells with one are watched for that. What has never been near is drawn when there is time.

const NEAR = '700px 0px';
const FAR = '1500px 0px';
const BUDGET_MS = 8;

const whenIdle = (callback) => (window.requestIdleCallback || setTimeout)(callback, {timeout: 1000});

class Viewport {
  constructor() {
    this.cells = new WeakMap();
    this.waiting = new Set();
    this.near = new IntersectionObserver((entries) => this.crossed(entries, 'approached', null), {rootMargin: NEAR});
    this.far = new IntersectionObserver((entries) => this.crossed(entries, null, 'left'), {rootMargin: FAR});
    this.drawAll = () => {
      for (const cell of this.waiting) cell.draw();
      this.waiting.clear();
    };
    window.addEventListener('beforeprint', this.drawAll);
  }

  observe(cell) {
    this.cells.set(cell.box, cell);
    this.waiting.add(cell);
    this.near.observe(cell.box);
    this.drawSoon();
  }

  unobserve(cell) {
    this.waiting.delete(cell);
    this.near.unobserve(cell.box);
    this.far.unobserve(cell.box);
  }

  // From when a cell has an editor until it gives it up.
  watchLive(cell, on) {
    if (on) this.far.observe(cell.box);
    else this.far.unobserve(cell.box);
  }

  crossed(entries, inside, outside) {
    for (const entry of entries) {
      const cell = this.cells.get(entry.target);
      const method = entry.isIntersecting ? inside : outside;
      if (!cell || !method) continue;
      this.waiting.delete(cell);
      cell[method]();
    }
  }

  drawSoon() {
    if (this.drawing) return;
    this.drawing = true;
    whenIdle(() => {
      this.drawing = false;
      const end = performance.now() + BUDGET_MS;
      for (const cell of this.waiting) {
        this.waiting.delete(cell);
        cell.draw();
        if (performance.now() > end) break;
      }
      if (this.waiting.size) this.drawSoon();
    });
  }

  destroy() {
    this.near.disconnect();
    this.far.disconnect();
    this.waiting.clear();
    window.removeEventListener('beforeprint', this.drawAll);
  }
}

module.exports = {Viewport};
