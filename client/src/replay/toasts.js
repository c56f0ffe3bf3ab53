'use strict';
// Short notes in the corner, as on the notebook's page.
const {button, h} = require('./dom');
const {icon} = require('../icons/icons');

const SECONDS = {news: 4, done: 5, problem: 10};
const WITH_ACTION = 10;

class Toasts {
  constructor() {
    this.element = h('div.toasts', {role: 'status', 'aria-live': 'polite'});
  }

  // Says something: `kind` is news, done or problem; an action is {label, run}.
  say(text, kind = 'news', action) {
    const toast = h(`div.toast.${kind}`, {}, h('span', {}, text));
    const dismiss = () => toast.remove();
    if (action) {
      toast.append(h('button.link', {type: 'button', onclick: () => (dismiss(), action.run())}, action.label));
    }
    toast.append(button(icon('close'), 'Dismiss', dismiss));
    this.element.append(toast);
    setTimeout(dismiss, (action ? WITH_ACTION : SECONDS[kind]) * 1000);
  }
}

module.exports = {Toasts};
