'use strict';
// The page's one route: shows the notebook from the data it came with, then follows it.
const {renderersFor} = require('../outputs/renderers');

module.exports = function(app) {
  const base = typeof document === 'undefined' ? '' : document.documentElement.dataset.base || '';

  app.on('model', (model) => {
    // An op the server refused was rolled back already; say so instead of breaking.
    model.on('error', (error) => {
      if (app.page && app.page.toastActions) app.page.toast(`${error.message || error}. The change was taken back.`);
      else console.error(error);
    });
  });

  app.get(`${base}/notebooks/*`, (page, model) => {
    const id = model.get('_session.notebookId');
    if (!id) return fail(page, model, new Error('The page came without its notebook. Reload it.'));
    const notebook = model.at(`notebooks.${id}`);
    const cells = model.query('cells', {_notebook: id});
    const warm = notebook.get() !== undefined;
    const showOnce = () => renderersFor(Object.values(model.get('cells') || {})).then(() => show(page, model, id));
    if (warm) showOnce();
    model.subscribe(notebook, cells, (error) => {
      if (error) return fail(page, model, error);
      if (!warm) showOnce();
    });
  });

  // With no route that answers, Derby would load the same address for ever.
  app.get('*', (page, model) => fail(page, model, new Error('There is no page at this address.')));

  function show(page, model, id) {
    const path = model.get('_session.path') || '';
    model.set('_page.base', base);
    model.set('_page.title', path.split('/').pop().replace(/\.ipynb$/, ''));
    model.set('_page.types', ['code', 'markdown', 'raw']);
    model.ref('_page.notebook', `notebooks.${id}`);
    model.ref('_page.connection', '$connection.state');
    page.prepare(id);
    model.set('_page.ready', true);
    page.render();
    page.shown();
  }

  function fail(page, model, error) {
    model.set('_page.base', base);
    model.set('_page.title', 'Cannot open the notebook');
    model.set('_page.error', {title: 'Cannot open the notebook', text: error.message || String(error)});
    page.render();
  }
};
