'use strict';
// Asks before something is done; resolves to whether it was confirmed.
const {h} = require('./dom');

function confirm(title, text, label) {
  const before = document.activeElement;
  return new Promise((resolve) => {
    const answer = (yes) => {
      shade.remove();
      if (before && before.isConnected) before.focus({preventScroll: true});
      resolve(yes);
    };
    const no = h('button.button', {type: 'button', onclick: () => answer(false)}, 'Cancel');
    const yes = h('button.button.primary', {type: 'button', id: 'confirm-yes', onclick: () => answer(true)}, label);
    const dialog = h('div.dialog.confirm', {
      'role': 'alertdialog', 'aria-modal': 'true', 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-text'
    }, h('h2', {id: 'confirm-title'}, title), h('p', {id: 'confirm-text'}, text), h('p.buttons', {}, no, yes));
    const shade = h('div.shade', {onmousedown: (event) => event.target === shade && answer(false)}, dialog);
    dialog.addEventListener('keydown', (event) => {
      event.stopPropagation();
      if (event.key === 'Escape') answer(false);
      if (event.key !== 'Tab') return;
      event.preventDefault();
      (document.activeElement === yes ? no : yes).focus();
    });
    document.body.append(shade);
    yes.focus();
  });
}

module.exports = {confirm};
