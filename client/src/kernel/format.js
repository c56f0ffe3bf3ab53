'use strict';
// Formatting code, by what is installed where the kernel runs.

module.exports = {
  // Formats code cells, one after the other; the first that cannot be formatted ends it.
  async formatCells(ids) {
    const chosen = ids.filter((id) => this.model.root.get(`cells.${id}.cell_type`) === 'code' && /\S/.test(this.textOf(id)));
    let changed = 0;
    for (const id of chosen) {
      const before = this.textOf(id);
      let reply;
      try {
        reply = await (await this.ask('format', {code: before})).json();
      } catch (error) {
        return this.toast(`The code was not formatted: ${error.message}`);
      }
      if (this.textOf(id) !== before) {
        this.toast('Somebody typed in a cell while it was formatted: it stays as it is.', 'news');
        continue;
      }
      this.applyEdits(id, reply.edits);
      if (reply.edits.length) changed++;
    }
    const text = changed === 1 ? 'One cell was formatted.' : `${changed} cells were formatted.`;
    this.toast(changed ? text : 'Nothing to format.', 'done');
  },

  // Edits from the end of the text to its start, so that those before stay where they are.
  applyEdits(id, edits) {
    const path = `cells.${id}.source`;
    for (const {at, removed, inserted} of edits) {
      if (removed) this.model.root.stringRemove(path, at, removed.length);
      if (inserted) this.model.root.stringInsert(path, at, inserted);
    }
  }
};
