'use strict';
// The toolbar by keyboard: arrows go along it; and the choice of a cell's type.

const TYPE_TEXTS = {code: 'Code', markdown: 'Markdown', raw: 'Raw'};

module.exports = {
  toolbarKey(event) {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (!step || event.target.tagName === 'SELECT') return;
    const tools = [...document.querySelectorAll('.toolbar button, .toolbar select')];
    tools[(tools.indexOf(event.target) + step + tools.length) % tools.length].focus();
    event.preventDefault();
  },

  typePicked(select) {
    this.setType(select.value);
    const cell = this.component();
    if (cell) cell.box.focus({preventScroll: true});
  },

  typeText(type) {
    return TYPE_TEXTS[type];
  },

  isType(type, selectedType) {
    return type === selectedType;
  },

  optionId(items, at) {
    return items && items[at] ? `option-${items[at].id}` : '';
  }
};
