'use strict';
// Gives editors to the cells that came near: a few in each frame, and none while the page scrolls.
//
// A new editor measures itself, which lays the page out anew; what is scrolled past needs none.

const REST_MS = 100;
const BUDGET_MS = 6;
const MARGIN = 1000;

function isNear({cell}) {
  const {top, bottom} = cell.box.getBoundingClientRect();
  return bottom > -MARGIN && top < innerHeight + MARGIN;
}

class Waking {
  constructor() {
    this.queue = [];
    this.scrolledAt = -Infinity;
    this.scrolled = () => (this.scrolledAt = performance.now());
    window.addEventListener('scroll', this.scrolled, {passive: true});
  }

  push(source) {
    this.queue.push(source);
    this.goOn();
  }

  goOn() {
    this.next = this.next || requestAnimationFrame(() => {
      this.next = null;
      if (performance.now() - this.scrolledAt >= REST_MS) this.wakeSome();
      if (this.queue.length) this.goOn();
    });
  }

  // Where they are is read once, before the first editor changes the page.
  wakeSome() {
    const end = performance.now() + BUDGET_MS;
    this.queue = this.queue.filter((source) => !source.destroyed && !source.live && isNear(source));
    do {
      const source = this.queue.shift();
      if (source) source.wake();
    } while (this.queue.length && performance.now() < end);
  }

  destroy() {
    cancelAnimationFrame(this.next);
    this.queue = [];
    window.removeEventListener('scroll', this.scrolled);
  }
}

module.exports = {Waking};
