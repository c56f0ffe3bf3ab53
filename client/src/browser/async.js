'use strict';
// What ShareDB's presence uses of the npm package `async`, for browsers.

// Calls `task` with each item and a callback; then `done`, with the first error if there is one.
function each(items, task, done) {
  let left = items.length;
  let ended = false;
  const end = (error) => {
    if (ended || !error && --left > 0) return;
    ended = true;
    done(error || null);
  };
  if (!left) return done(null);
  for (const item of items) task(item, end);
}

function parallel(tasks, done) {
  each(tasks, (task, next) => task(next), done);
}

module.exports = {each, parallel};
