'use strict';
// The notebook as it was at a moment: its cells in their order, those far from the screen not drawn yet.
const {h} = require('./dom');
const {CellView} = require('./cell-view');
const {compareCells} = require('../cells/weights');

const NEAR_PX = 900;

class NotebookView {
  constructor(page) {
    this.page = page;
    this.views = new Map();
    this.empty = h('div.empty', {hidden: true}, h('h2', {}, 'No cells yet'), h('p', {}, 'At this moment the notebook had none.'));
    this.element = h('main.notebook', {id: 'notebook', 'aria-label': 'Notebook at this moment'}, this.empty);
    this.watcher = new IntersectionObserver((entries) => {
      for (const {target, isIntersecting} of entries) {
        const view = this.views.get(target.dataset.cellId);
        if (!view) continue;
        view.near = isIntersecting;
        if (isIntersecting) view.approach();
      }
      page.drawnMore();
    }, {rootMargin: `${NEAR_PX}px 0px`});
  }

  // Shows a state; `marks` by cell id tell what just changed.
  show(state, marks) {
    const cells = cellsOf(state, this.page.notebookId);
    const there = new Set(cells.map(({id}) => id));
    for (const [id, view] of this.views) if (!there.has(id)) this.remove(id, view);
    let before = this.empty;
    for (const {id, data} of cells) {
      const view = this.views.get(id) || this.add(id);
      view.show(data, marks.get(id) || null);
      if (before.nextElementSibling !== view.box) before.after(view.box);
      before = view.box;
    }
    this.empty.hidden = cells.length > 0;
  }

  add(id) {
    const view = new CellView(id, this.page);
    this.views.set(id, view);
    this.watcher.observe(view.box);
    return view;
  }

  remove(id, view) {
    this.watcher.unobserve(view.box);
    view.box.remove();
    this.views.delete(id);
  }

  redraw() {
    for (const view of this.views.values()) {
      view.stale = true;
      if (view.near) view.draw();
    }
  }

  // The cells that are drawn at this moment.
  near() {
    return [...this.views.values()].filter((view) => view.near);
  }

  // Brings the first cell that changed into view, where none of them is in sight.
  follow(marks) {
    const changed = [...this.views.values()].filter((view) => marks.has(view.id));
    if (!changed.length) return;
    const bottom = innerHeight - this.page.dockHeight();
    const inSight = ({box}) => {
      const {top, bottom: end} = box.getBoundingClientRect();
      return end > 70 && top < bottom - 30;
    };
    if (!changed.some(inSight)) changed[0].box.scrollIntoView({block: 'center', behavior: this.page.playing ? 'auto' : 'smooth'});
  }
}

// The cells of a state in their order.
function cellsOf(state, notebookId) {
  return Object.entries(state.docs)
    .filter(([key, {data}]) => key.startsWith('cells/') && data && data._notebook === notebookId)
    .map(([key, {data}]) => ({id: key.slice(6), data, _weight: data._weight}))
    .sort(compareCells);
}

module.exports = {NotebookView, cellsOf};
