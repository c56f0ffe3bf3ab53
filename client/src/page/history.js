'use strict';
// The way to the notebook's history, which is a page of its own.

module.exports = {
  historyAddress(cellId) {
    const name = this.model.get('_page.notebook.name') || this.model.get('_session.path');
    const path = name.split('/').map(encodeURIComponent).join('/');
    return `${this.base}/replay/${path}${cellId ? `?cell=${encodeURIComponent(cellId)}` : ''}`;
  },

  openHistory(cellId) {
    window.location.assign(this.historyAddress(cellId));
  }
};
