'use strict';
// What scrolls can be scrolled by keyboard: it takes the focus for as long as it has more than it shows.

const SCROLLERS = 'pre, table, .math.display';

let observer = null;

function scrolls({scrollWidth, clientWidth, scrollHeight, clientHeight}) {
  return scrollWidth > clientWidth + 1 || scrollHeight > clientHeight + 1;
}

function watch(element) {
  observer = observer || new ResizeObserver((entries) => {
    for (const {target} of entries) {
      if (scrolls(target)) target.tabIndex = 0;
      else target.removeAttribute('tabindex');
    }
  });
  observer.observe(element);
}

// Watches the parts of an element that may scroll, and itself if asked.
function watchScrolling(root, itself) {
  if (itself) watch(root);
  root.querySelectorAll(SCROLLERS).forEach(watch);
}

module.exports = {scrolls, watchScrolling};
