// What racer, derby and sharedb expect of Node's `process`. The title is how they tell a
// browser from a server.
export const process = {
  title: 'browser',
  env: {},
  nextTick(callback, ...args) {
    queueMicrotask(() => callback(...args));
  }
};
