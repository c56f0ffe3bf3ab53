'use strict';
// Who took part, in their colours; one of them can be followed alone.
const {h, set} = require('./dom');
const {personStyle} = require('../page/header');

class AuthorsView {
  constructor(page) {
    this.page = page;
    this.element = h('div.authors', {role: 'group', 'aria-label': 'Authors'});
  }

  show(authors, chosen) {
    const shown = authors.map((who, index) => ({...who, index})).filter(({kind, index}) => kind === 'person' || index === chosen);
    const others = authors.map((who, index) => ({...who, index})).filter(({kind}) => kind !== 'person');
    const list = [...shown, ...others.filter(({index}) => index !== chosen)];
    const key = JSON.stringify(list.map(({name, color}) => [name, color]));
    if (key !== this.key) {
      this.key = key;
      this.buttons = new Map(list.map(({index, name, color}) => [index, h('button.author', {
        type: 'button', style: personStyle(color), title: `Follow only ${name}`, 'data-author': name,
        onclick: () => this.page.followAuthor(index)
      }, h('span.dot', {'aria-hidden': true}), h('span', {}, name))]));
      this.element.replaceChildren(...this.buttons.values());
    }
    for (const [index, button] of this.buttons) set(button, 'aria-pressed', String(index === chosen));
  }
}

module.exports = {AuthorsView};
