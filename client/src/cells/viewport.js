'use strict';
// Which cells are near enough to be worth drawing, and to hold a live editor.
//
// Within the first ring a cell is drawn and gets an editor; beyond the second it gives the editor
// up. Of far cells only the blocks are watched. What has never been near is drawn when there is time.

const NEAR = '700px 0px';
const FAR = '1500px 0px';
const BUDGET_MS = 8;

const whenIdle = (callback) => (window.requestIdleCallback || setTimeout)(callback, {timeout: 1000});

class Viewport {
  constructor() {
    this.cells = new WeakMap();
    this.waiting = new Set();
    this.around = new Set(); // the cells of near blocks
    this.blocks = new IntersectionObserver((entries) => this.crossedBlocks(entries), {rootMargin: FAR});
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
    this.drawSoon();
  }

  unobserve(cell) {
    this.waiting.delete(cell);
    this.around.delete(cell);
    this.near.unobserve(cell.box);
    this.far.unobserve(cell.box);
  }

  // A block that is new, or holds other cells than before: whoever observes anew is told how it stands.
  watchBlock(slot) {
    this.blocks.unobserve(slot);
    this.blocks.observe(slot);
  }

  crossedBlocks(entries) {
    for (const {target: slot, isIntersecting: isNear} of entries) {
      slot.part.toggle('near', isNear);
      for (const box of slot.assignedElements()) {
        const cell = this.cells.get(box);
        if (!cell || cell.isDestroyed) continue;
        if (isNear) this.around.add(cell);
        else this.around.delete(cell);
        if (isNear) this.near.observe(box);
        else this.near.unobserve(box);
        cell.nearby(isNear);
      }
    }
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
    this.blocks.disconnect();
    this.near.disconnect();
    this.far.disconnect();
    this.waiting.clear();
    window.removeEventListener('beforeprint', this.drawAll);
  }
}

module.exports = {Viewport};
