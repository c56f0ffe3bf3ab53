'use strict';
// The runs there were, to jump to.
const {button, h} = require('./dom');
const {icon} = require('../icons/icons');
const {clockOf, dayOf} = require('./wording');
const {duration} = require('../cells/run-state');
const {personStyle} = require('../page/header');

const MOST = 300;

class RunsView {
  constructor(page) {
    this.page = page;
    this.list = h('ol.run-list');
    this.element = h('div.menu.runs', {role: 'dialog', 'aria-label': 'Runs', hidden: true},
      h('header', {}, h('h2', {}, 'Runs'), button(icon('close'), 'Close', () => page.toggleRuns(false))), this.list);
    this.element.addEventListener('keydown', (event) => this.key(event));
  }

  open() {
    const {runs, authors} = this.page.film.overview;
    const {author, position} = this.page;
    const shown = runs.filter(([, , who]) => author === null || who === author);
    const nearest = shown.findLastIndex(([place]) => place <= position);
    const first = Math.max(0, Math.min(nearest - MOST / 2, shown.length - MOST));
    const items = shown.slice(first, first + MOST).map((run) => this.item(run, authors, run === shown[nearest]));
    this.list.replaceChildren(...(items.length ? items.reverse() : [h('li.none', {}, 'Nothing was run yet.')]));
    this.element.hidden = false;
    const current = this.list.querySelector('[aria-current]') || this.list.querySelector('button') || this.element.querySelector('button');
    current.focus();
    current.scrollIntoView({block: 'nearest'});
  }

  item([position, doc, who, outcome, started, ended], authors, isCurrent) {
    const person = authors[who] || {name: 'Somebody', color: '#64748b'};
    const source = this.page.sourceOf(this.page.film.keyOf(doc));
    return h('li', {}, h('button', {
      type: 'button', 'aria-current': isCurrent ? 'true' : null, onclick: () => this.page.jumpToRun(position)
    },
    h('span.run-mark', {class: `run-mark ${outcome === 'ok' ? 'ok' : 'failed'}`, title: outcome, html: icon(outcome === 'ok' ? 'check' : 'warning')}),
    h('code', {}, source.trim().split('\n')[0] || '(a cell that is gone)'),
    h('span.run-by', {style: personStyle(person.color)}, person.name),
    h('span.run-at', {}, `${dayOf(ended)}, ${clockOf(ended)}${started ? ` · ${duration(ended - started)}` : ''}`)));
  }

  key(event) {
    const items = [...this.element.querySelectorAll('button')];
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step) items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
    else if (event.key === 'Escape') this.page.toggleRuns(false);
    else if (!/^(Arrow|Home|End| )/.test(event.key)) return;
    else return event.stopPropagation();
    event.preventDefault();
    event.stopPropagation();
  }
}

module.exports = {RunsView};
