'use strict';
// What scrolls can be scrolled by keyboard: it takes the focus for as long as it has more than it shows.
//
// All that is watched costs something in every frame: what is far from the window rests.

const SCROLLERS = 'pre, table, .math.display';

let observer = null;

function scrolls({scrollWidth, clientWidth, scrollHeight, clientHeight}) {
  return scrollWidth > clientWidth + 1 || scrollHeight > clientHeight + 1;
}

function watch(element) {
  observer = observer || new ResizeObserver((entries) => {
    const changed = entries.map(({target}) => target).filter((target) => scrolls(target) !== target.hasAttribute('tabindex'));
    for (const target of changed) target.hasAttribute('tabindex') ? target.removeAttribute('tabindex') : target.setAttribute('tabindex', '0');
  });
  observer.observe(element);
}

// Watches the parts of an element that may scroll, and itself if asked.
function watchScrolling(root, itself) {
  if (itself) watch(root);
  root.querySelectorAll(SCROLLERS).forEach(watch);
}

// Ends that, until they are watched anew.
function restScrolling(root) {
  if (!observer) return;
  observer.unobserve(root);
  for (const element of root.querySelectorAll(SCROLLERS)) observer.unobserve(element);
}

module.exports = {restScrolling, scrolls, watchScrolling};
