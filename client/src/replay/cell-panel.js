'use strict';
// The history of one cell: who wrote which part of it, and how it came about.
const {button, h} = require('./dom');
const {icon} = require('../icons/icons');
const {clockOf, dayOf, deedText, grouped, momentText} = require('./wording');
const {personStyle} = require('../page/header');

class CellPanel {
  constructor(page) {
    this.page = page;
    this.title = h('h2', {}, 'History of this cell');
    this.source = h('pre.blame', {'aria-label': 'Source, by author', tabindex: 0});
    this.shares = h('p.shares');
    this.list = h('ol.changes');
    this.restore = page.mayEdit && button(icon('undo'), 'Restore this cell as it was at this moment', () => page.restoreCell(page.cell), {text: 'Restore this cell', kind: 'button', 'data-action': 'restore-cell'});
    this.element = h('aside.chat.cell-panel', {'aria-label': 'History of this cell', hidden: true},
      h('header', {}, this.title, button(icon('close'), 'Close', () => page.closeCell())),
      h('div.cell-panel-body', {},
        this.source, this.shares, this.restore, h('h3', {}, 'Changes'), this.list));
  }

  // Shows who wrote the source at the moment, and all changes.
  show({blame, changes}) {
    const {authors} = this.page.film.overview;
    this.changes = changes;
    const counts = new Map();
    this.source.replaceChildren(...blame.map(({text, author, time}) => {
      const who = authors[author] || {name: 'Older than the history', color: '#64748b'};
      counts.set(who, (counts.get(who) || 0) + text.length);
      const title = time === undefined ? who.name : `${who.name}, ${momentText(time)}`;
      return h('span.wrote.blamed', {style: personStyle(who.color), title}, text);
    }));
    this.source.hidden = !blame.length;
    const total = [...counts.values()].reduce((all, count) => all + count, 0);
    this.shares.replaceChildren(...[...counts].sort((a, b) => b[1] - a[1]).map(([who, count]) =>
      h('span.share', {style: personStyle(who.color)}, h('span.dot', {'aria-hidden': true}), `${who.name} ${Math.max(1, Math.round((count / total) * 100))} %`)));
    this.list.replaceChildren(...changes.map((change) => this.item(change, authors)));
    this.mark();
  }

  item(change, authors) {
    const who = authors[change.author];
    return h('li', {}, h('button', {
      type: 'button', 'data-to': change.to, onclick: () => this.page.goTo(change.to, {from: change.from})
    },
    h('span.dot', {style: personStyle(who.color), 'aria-hidden': true}),
    h('span.change-by', {}, h('strong', {}, who.name), ` ${deedText(change.kind, change)}`),
    h('time', {title: momentText(change.ended)}, `${dayOf(change.ended)}, ${clockOf(change.ended)}`)));
  }

  // Marks the change that the moment is at.
  mark() {
    const current = (this.changes || []).find(({to}) => to <= this.page.position);
    for (const item of this.list.querySelectorAll('button')) {
      if (current && Number(item.dataset.to) === current.to) {
        item.setAttribute('aria-current', 'true');
        item.scrollIntoView({block: 'nearest'});
      } else {
        item.removeAttribute('aria-current');
      }
    }
    if (this.changes) this.title.textContent = `History of this cell · ${grouped(this.changes.length)} changes`;
  }
}

module.exports = {CellPanel};
