'use strict';
// Cells move by their side with the mouse; a line shows where they would land.

module.exports = {
  dragStarted(cell, event) {
    if (this.isViewer()) return event.preventDefault();
    if (!this.isChosen(cell.id)) this.pickCell(cell.id);
    this.dragging = this.heldIds();
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('application/x-derby-cells', this.dragging.join(' '));
    event.dataTransfer.setDragImage(cell.box, 20, 20);
  },

  // Watches the whole notebook, so that gaps between cells count too.
  watchDragging(main) {
    const clear = () => {
      if (this.dropMark) this.dropMark.classList.remove('drop-above', 'drop-below');
      this.dropMark = null;
    };
    main.addEventListener('dragover', (event) => {
      if (!this.dragging) return;
      event.preventDefault();
      clear();
      const place = this.dropPlace(event.clientY);
      this.dropMark = place.box;
      if (place.box) place.box.classList.add(place.above ? 'drop-above' : 'drop-below');
      this.scrollWhileDragging(event.clientY);
    });
    main.addEventListener('drop', (event) => {
      if (!this.dragging) return;
      event.preventDefault();
      const {id, above} = this.dropPlace(event.clientY);
      clear();
      this.dropCells(this.dragging, id, above);
      this.dragging = null;
    });
    document.addEventListener('dragend', () => {
      clear();
      this.dragging = null;
    });
  },

  // The cell nearest to a height on the screen, and on which side of it.
  dropPlace(y) {
    let best = {distance: Infinity};
    for (const {id, box} of this.viewport.around) {
      if (this.hidden.has(id)) continue;
      const {top, bottom} = box.getBoundingClientRect();
      const distance = y < top ? top - y : y > bottom ? y - bottom : 0;
      if (distance < best.distance) best = {id, box, distance, above: y < (top + bottom) / 2};
    }
    return best;
  },

  dropCells(ids, targetId, above) {
    const rest = this.cellList().filter((cell) => !ids.includes(cell.id));
    const last = above ? targetId : this.hiddenUnder(targetId).at(-1) || targetId;
    const at = rest.findIndex((cell) => cell.id === last);
    if (at < 0) return;
    const index = above ? at : at + 1;
    this.placeCells(ids, rest[index], rest[index - 1]);
  },

  scrollWhileDragging(y) {
    const edge = 80;
    const top = this.headerHeight();
    if (y < top + edge) window.scrollBy(0, -14);
    else if (y > innerHeight - edge) window.scrollBy(0, 14);
  }
};
