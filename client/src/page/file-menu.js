'use strict';
// What can be done with the file as a whole: checkpoints, downloads, trust in its outputs.
const {shownTime} = require('./times');

const addressOf = (name) => name.split('/').map(encodeURIComponent).join('/');

module.exports = {
  async makeCheckpoint() {
    if (await this.tell('No checkpoint was made', this.ask('checkpoint'))) this.toast('The file is kept as a checkpoint.', 'done');
  },

  // Jupyter keeps one checkpoint of a file, other storages more: the last one.
  async goBackToCheckpoint() {
    const found = await this.listCheckpoints();
    if (!found) return;
    const last = found.reduce((one, other) => (one && one.last_modified > other.last_modified ? one : other), null);
    if (!last) return this.toast('There is no checkpoint of this file yet.', 'news');
    const text = `The cells become what they were at ${shownTime(last.last_modified)}, for everybody here. What is typed meanwhile stays.`;
    if (!await this.confirm('Go back to the checkpoint?', text, 'Go back')) return;
    await this.tell('The checkpoint was not brought back', this.ask('restore', {checkpoint: last.id}));
  },

  async listCheckpoints() {
    try {
      return await (await this.ask('checkpoints')).json();
    } catch (error) {
      this.toast(`The checkpoints cannot be listed: ${error.message}`);
      return null;
    }
  },

  // The notebook as it is at this moment, saved or not; the browser names and keeps it.
  download() {
    this.fetchFile(`${this.base}/derby/notebooks/${this.notebookId}/download`);
  },

  // Jupyter converts what is in the file, so that is saved first.
  async downloadAs(format) {
    if (!await this.tell('The notebook was not converted', this.ask('save'))) return;
    this.fetchFile(`${this.base}/nbconvert/${format}/${addressOf(this.model.get('_page.notebook.name'))}?download=true`);
  },

  // What cannot be had shows in a tab of its own, and the page stays.
  fetchFile(address) {
    const link = document.createElement('a');
    link.href = address;
    link.target = '_blank';
    link.download = '';
    link.click();
  },

  // Outputs of runs here may do more than those that came with a file, unless that is trusted.
  trusts(cell) {
    return cell.get('_trusted') === true;
  },

  async trustNotebook() {
    const text = 'Scripts in its outputs then run by themselves, in a sandbox, for everybody who opens it. Do so if you know who wrote it.';
    if (!await this.confirm('Trust this notebook?', text, 'Trust it')) return;
    if (await this.tell('The notebook is not trusted', this.ask('trust'))) this.toast('The notebook is trusted.', 'done');
  }
};
