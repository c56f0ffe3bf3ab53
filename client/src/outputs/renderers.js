'use strict';
// The code that draws markdown and outputs, loaded when the first cell needs it.

const loaders = {
  markdown: () => import('./markdown.js'),
  outputs: () => import('./render.js')
};
const loading = new Map();
const loaded = new Map();

function load(kind) {
  if (!loading.has(kind)) {
    loading.set(kind, loaders[kind]().then((module) => {
      loaded.set(kind, module.default || module);
    }, (error) => {
      loading.delete(kind); // the network may be back when the next cell asks
      throw error;
    }));
  }
  return loading.get(kind);
}

// Calls back with the renderers of a kind: at once if they are there, so that nothing flickers.
function withRenderers(kind, use) {
  if (loaded.has(kind)) use(loaded.get(kind));
  else load(kind).then(() => use(loaded.get(kind)), (error) => console.warn('Not drawn:', error.message));
}

// Loads what cells will need when they are first drawn; one that does not come holds nothing up.
function renderersFor(cells) {
  const kinds = [];
  if (cells.some((cell) => cell.cell_type === 'markdown')) kinds.push('markdown');
  if (cells.some((cell) => cell.outputs && cell.outputs.length)) kinds.push('outputs');
  return Promise.allSettled(kinds.map(load));
}

module.exports = {renderersFor, withRenderers};
