'use strict';
// What the header says: the file's state, the kernel's, and who is here.

const {icon} = require('../icons/icons');

const SAVE_ICONS = {saved: 'check', offline: 'offline', error: 'warning', conflict: 'warning'};
const SAVE_TEXTS = {
  dirty: 'Unsaved changes',
  saving: 'Saving…',
  saved: 'Saved',
  error: 'Not saved',
  conflict: 'File changed outside',
  offline: 'Offline'
};
const KERNEL_TEXTS = {
  none: 'not started',
  starting: 'starting',
  idle: 'idle',
  busy: 'busy',
  restarting: 'restarting',
  dead: 'died',
  disconnected: 'disconnected'
};

module.exports = {
  saveState(state, connection) {
    return connection === 'connected' ? state || 'saved' : 'offline';
  },

  saveText(state, connection) {
    return SAVE_TEXTS[this.saveState(state, connection)] || SAVE_TEXTS.saved;
  },

  saveIcon(state, connection) {
    return icon(SAVE_ICONS[this.saveState(state, connection)] || 'more');
  },

  saveTitle(save, connection) {
    if (connection !== 'connected') return 'What you type is kept in this page and sent as soon as the server is back';
    if (save && save.error) return save.error;
    return 'Every change is saved to the file by itself';
  },

  isOffline(connection) {
    return Boolean(connection) && connection !== 'connected';
  },

  hasSaveProblem(state) {
    return state === 'error' || state === 'conflict';
  },

  // The kernel that runs, or the one that the next run starts.
  kernelName(kernel, spec) {
    const known = kernel && (kernel.display_name || kernel.name) ? kernel : spec;
    return (known && (known.display_name || known.name)) || 'No kernel';
  },

  kernelStatus(status) {
    return status || 'none';
  },

  kernelText(status) {
    return KERNEL_TEXTS[status || 'none'] || status;
  },

  progressText(left, total) {
    return total > 1 ? `${total - left} of ${total}` : '';
  },

  initials(name) {
    const words = String(name || '?').trim().split(/\s+/);
    return (words.length > 1 ? words[0][0] + words[words.length - 1][0] : words[0].slice(0, 2)).toUpperCase();
  },

  personStyle(color) {
    return `--person: ${/^#[0-9a-f]{3,8}$/i.test(color) ? color : '#64748b'}`;
  }
};
