'use strict';
// Dialogs: what they share, and the one that asks before something is lost.

module.exports = {
  // What was just opened has the keyboard at once: the next key may come before the next frame.
  focusNow(selector) {
    const element = document.querySelector(selector);
    if (element) element.focus();
    return element;
  },

  // Where the keyboard was before a dialog opened; else the cell in hand.
  giveFocusBack() {
    const before = this.beforeDialog;
    this.beforeDialog = null;
    if (before && before.isConnected && before !== document.body) return before.focus({preventScroll: true});
    const cell = this.component();
    if (cell) cell.box.focus({preventScroll: true});
  },

  // Tab stays within an open dialog.
  keepTab(event) {
    if (event.key !== 'Tab') return;
    const dialog = event.target.closest('.dialog');
    const inside = [...dialog.querySelectorAll('button, input, [tabindex="0"]')].filter((element) => !element.disabled);
    const edge = event.shiftKey ? inside[0] : inside[inside.length - 1];
    if (document.activeElement !== edge && inside.includes(document.activeElement)) return;
    event.preventDefault();
    (event.shiftKey ? inside[inside.length - 1] : inside[0]).focus();
  },

  // Asks; resolves to whether it was confirmed.
  confirm(title, text, label) {
    return this.openQuestion({title, text, label}, '#confirm-yes');
  },

  // Asks for a text; resolves to it, or to false.
  async askText(title, text, label, value) {
    const confirmed = await this.openQuestion({title, text, label, value, hasField: true}, '#confirm-field');
    return confirmed && this.answered;
  },

  openQuestion(question, first) {
    if (this.answerConfirm) this.answer(false);
    this.beforeDialog = document.activeElement;
    this.model.set('_page.confirm', question);
    this.focusNow(first);
    return new Promise((resolve) => (this.answerConfirm = resolve));
  },

  answer(yes) {
    const resolve = this.answerConfirm;
    this.answerConfirm = null;
    this.answered = this.model.get('_page.confirm.value');
    this.model.del('_page.confirm');
    this.giveFocusBack();
    if (resolve) resolve(yes);
  },

  confirmKey(event) {
    this.keepTab(event);
    if (event.key === 'Escape') this.answer(false);
    if (event.key === 'Enter' && event.target.id === 'confirm-field') {
      event.preventDefault(); // else the button that has the keyboard next is pressed by the same key
      this.answer(true);
    }
    event.stopPropagation();
  },

  helpKey(event) {
    this.keepTab(event);
    if (event.key === 'Escape') this.closeHelp();
    event.stopPropagation();
  },

  // A press on the shade around a dialog closes it.
  shadePressed(event, close) {
    if (event.target === event.currentTarget || event.target.classList.contains('shade')) this[close](false);
  }
};
