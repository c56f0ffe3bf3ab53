'use strict';
// The file: that it is saved, that it changed outside, and what to do when it cannot be written.
const {listenTo} = require('./listening');

const titleOf = (path) => path.split('/').pop().replace(/\.ipynb$/, '');

const ANEW = new Set(['missing', 'unreadable', 'not-a-file']);

module.exports = {
  saySaved() {
    const state = this.saveState(this.model.get('_page.notebook._save.state'), this.model.get('_page.connection'));
    const text = {
      saved: 'Everything is saved. Changes go to the file by themselves.',
      offline: 'Offline: what you typed is kept here and saved once the server is back.',
      error: this.model.get('_page.notebook._save.error') || 'The file could not be written. It is tried again every few seconds.',
      conflict: this.model.get('_page.notebook._save.error') || 'The file was changed outside.'
    }[state] || 'Saving: changes go to the file a moment after they stop.';
    this.toast(text, state === 'error' || state === 'conflict' ? 'problem' : 'done');
  },

  async saveNow() {
    if (this.isViewer() || this.isOffline(this.model.get('_page.connection'))) return this.saySaved();
    if (await this.tell('The file was not saved', this.ask('save'))) this.toast('Saved.', 'done');
  },

  async rename() {
    const path = this.model.get('_page.notebook.name') || '';
    const name = await this.askText('Rename the notebook', 'Everybody here goes along; the kernel keeps running.', 'Rename', titleOf(path));
    if (typeof name === 'string' && name.trim() !== titleOf(path)) await this.tell('The notebook was not renamed', this.ask('rename', {name}));
  },

  // The page is at its file's address, wherever that goes.
  watchName() {
    const path = `notebooks.${this.notebookId}.name`;
    const changed = () => {
      const name = this.model.root.get(path);
      if (!name) return;
      this.model.set('_page.title', titleOf(name));
      document.title = titleOf(name);
      history.replaceState(history.state, '', `${this.base}/notebooks/${name.split('/').map(encodeURIComponent).join('/')}${location.hash}`);
    };
    this.on('destroy', listenTo(this.model.root, 'change', [path], changed));
  },

  canSaveAnew(save) {
    return Boolean(save) && ANEW.has(save.reason) && !this.isViewer();
  },

  async saveAnew() {
    const sure = await this.confirm('Write the file anew?', 'What is at its place now is replaced; a copy is kept beside it.', 'Write it');
    if (sure && await this.tell('The file was not written', this.ask('save', {anew: true}))) this.toast('Saved.', 'done');
  },

  // Says what came in from outside, when it comes.
  watchFile() {
    const path = `notebooks.${this.notebookId}`;
    let last = this.model.root.get(`${path}._merged.at`);
    const changed = () => {
      const merged = this.model.root.get(`${path}._merged`);
      if (!merged || merged.at === last) return;
      last = merged.at;
      if (merged.checkpoint) return this.toast('The notebook was brought back to a checkpoint.', 'news');
      const notes = (merged.notes || []).join(' ');
      this.toast(`The file changed outside; the changes are here now. ${notes}`.trim(), 'news');
    };
    this.on('destroy', listenTo(this.model.root, 'all', [`${path}._merged`, `${path}._merged.**`], changed));
  }
};
