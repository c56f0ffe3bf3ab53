'use strict';
// Short notes in the corner that go away by themselves.

const SECONDS = {news: 4, done: 4, problem: 10};

module.exports = {
  // Says something: `kind` is news, done or problem; an action is {label, run}.
  toast(text, kind = 'problem', action) {
    const toasts = this.model.get('_page.toasts') || [];
    if (toasts.some((toast) => toast.text === text)) return;
    const id = this.model.id();
    if (action) this.toastActions.set(id, action.run);
    this.model.push('_page.toasts', {id, text, kind, label: action ? action.label : ''});
    setTimeout(() => this.dismissToast(id), (action ? 8 : SECONDS[kind]) * 1000);
  },

  actOnToast(id) {
    const run = this.toastActions.get(id);
    this.dismissToast(id);
    if (run) run();
  },

  dismissToast(id) {
    this.toastActions.delete(id);
    const toasts = this.model.get('_page.toasts') || [];
    const index = toasts.findIndex((toast) => toast.id === id);
    if (index >= 0) this.model.remove('_page.toasts', index, 1);
  }
};
