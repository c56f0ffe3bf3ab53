'use strict';
// Where the replay page starts.
const {Asker} = require('./ask');
const {Page} = require('./page');

const base = document.documentElement.dataset.base || '';
const {docs, ...session} = JSON.parse(document.getElementById('session').textContent);
const page = new Page(new Asker({base, notebookId: session.notebookId}), session, base);

window.derbyReplay = page; // a handle for the console and for tests

page.open(docs).then(() => (document.body.dataset.ready = 'true'), (error) => page.failed(error));
