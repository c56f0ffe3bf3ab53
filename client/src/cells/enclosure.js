'use strict';
// Gives the place of an editor a size of its own, which follows what the editor holds.
//
// A key then lays out one editor, not the notebook: with a thousand cells that is most of what
// typing costs. Only where the height changes is the notebook laid out, in the same frame.

const places = new WeakMap();

const watcher = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver((entries) => {
  for (const {target, borderBoxSize: [{blockSize}]} of entries) {
    const place = places.get(target);
    if (!place) continue;
    place.style.containIntrinsicHeight = `${blockSize}px`;
    place.classList.add('enclosed');
  }
});

function enclose(place, content) {
  places.set(content, place);
  watcher.observe(content);
}

function release(place, content) {
  watcher.unobserve(content);
  places.delete(content);
  place.classList.remove('enclosed');
  place.style.containIntrinsicHeight = '';
}

module.exports = {enclose, release};
