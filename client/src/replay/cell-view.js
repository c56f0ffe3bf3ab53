'use strict';
// One cell as it was: its source, its output, who changed it just now, and who wrote what.
const {button, h, write} = require('./dom');
const {icon} = require('../icons/icons');
const {paint} = require('./paint');
const {KINDS} = require('./marks');
const {momentText} = require('./wording');
const {initials, personStyle} = require('../page/header');
const {duration} = require('../cells/run-state');
const {markdownFragment} = require('../outputs/markdown');
const {renderOutputs} = require('../outputs/render');

const LONGEST_ERASED = 200;

const running = (state) => state === 'run' || state === 'queued' || state === 'busy';

class CellView {
  constructor(id, page) {
    Object.assign(this, {id, page, data: null, mark: null, blame: null, near: false});
    this.prompt = h('div.prompt');
    this.ran = h('div.ran');
    this.still = h('div.still.cm-content', {dir: 'auto'});
    this.editor = h('div.editor', {}, this.still);
    this.rendered = h('div.rendered', {dir: 'auto'});
    this.outputs = h('div.outputs', {role: 'region', 'aria-label': 'Output', tabindex: -1});
    this.who = h('div.who');
    this.tools = h('div.past-tools', {},
      button(icon('history'), 'History of this cell', () => page.openCell(id)),
      page.mayEdit && button(icon('undo'), 'Restore this cell as it was', () => page.restoreCell(id)));
    this.box = h('section.cell', {'data-cell-id': id, tabindex: -1},
      h('div.side', {}, this.prompt, this.ran),
      h('div.body', {}, this.editor, this.rendered, this.outputs), this.tools, this.who);
  }

  // Takes in the cell and what just changed in it; draws it if it is near.
  show(data, mark) {
    if (this.data === data && this.mark === mark) return;
    const textual = !this.data || this.data.source !== data.source || this.data.cell_type !== data.cell_type;
    if (textual) this.blame = null;
    this.data = data;
    this.mark = mark;
    this.stale = true;
    if (this.near) this.draw();
    else this.reserve();
  }

  // Room for a cell that is not drawn yet, so that the page is about as long as it will be.
  reserve() {
    if (this.still.hasChildNodes()) return;
    this.still.style.minHeight = `${Math.min(String(this.data.source || '').split('\n').length, 200) * 21 + 14}px`;
  }

  approach() {
    this.near = true;
    if (this.stale) this.draw();
  }

  draw() {
    this.stale = false;
    const {data, mark, box} = this;
    const type = data.cell_type;
    const plain = type === 'markdown' && data.source && !(mark && mark.kind & KINDS.SOURCE) && !this.blame;
    box.className = `cell ${type}${plain ? ' shown' : ''}${running(data._state) ? ' running' : ''}${mark ? ' touched' : ''}${this.page.cell === this.id ? ' chosen' : ''}`;
    box.setAttribute('aria-label', this.label());
    write(this.prompt, this.promptText());
    write(this.ran, this.ranText());
    this.drawSource();
    if (plain) this.rendered.replaceChildren(markdownFragment(data.source, data.attachments));
    else this.rendered.replaceChildren();
    const outputs = type === 'code' && Array.isArray(data.outputs) ? data.outputs : [];
    renderOutputs(this.outputs, outputs, {
      trusted: data._trusted === true, base: this.page.base, notebookId: this.page.notebookId, viewer: true
    });
    box.classList.toggle('has-outputs', this.outputs.hasChildNodes());
    this.outputs.classList.toggle('fresh', Boolean(mark && mark.kind & KINDS.OUTPUT));
    this.drawWho();
  }

  drawSource() {
    const text = String(this.data.source || '');
    const colored = this.page.highlighted && this.page.highlighted(text, this.data.cell_type, this.page.language());
    const lines = colored || text.split('\n').map((line) => h('div.cm-line', {}, line || h('br')));
    const pieces = this.blame ? this.blamed() : this.marked();
    if (pieces.length) paint(lines, pieces);
    this.still.style.minHeight = '';
    this.still.replaceChildren(...lines);
  }

  marked() {
    if (!this.mark) return [];
    const {authors} = this.page.film.overview;
    const added = this.mark.added.map(({from, to, author}) => ({
      from, to, make: () => h('ins.wrote', {style: personStyle(authors[author].color), title: `${authors[author].name} typed this`})
    }));
    if (this.page.playing) return added;
    const erased = this.mark.erased.map(({at, text, author}) => ({
      at,
      make: () => h('del.erased', {style: personStyle(authors[author].color), title: `${authors[author].name} deleted this`}, shortened(text))
    }));
    return [...added, ...erased];
  }

  blamed() {
    const {authors} = this.page.film.overview;
    let at = 0;
    return this.blame.map(({text, author, time}) => {
      const from = at;
      at += text.length;
      const who = author === undefined ? {name: 'Older than the history', color: '#64748b'} : authors[author];
      const title = time === undefined ? who.name : `${who.name}, ${momentText(time)}`;
      return {from, to: at, make: () => h('span.wrote.blamed', {style: personStyle(who.color), title})};
    });
  }

  drawWho() {
    const {authors} = this.page.film.overview || {authors: []};
    const who = this.mark && authors[this.mark.author];
    this.box.style.setProperty('--person', who ? who.color : 'transparent');
    const people = who && who.kind === 'person';
    this.who.replaceChildren(...(people
      ? [h('span.chip', {style: personStyle(who.color), title: who.name, role: 'img', 'aria-label': who.name}, initials(who.name))] : []));
    this.who.hidden = !people;
  }

  label() {
    const kind = {code: 'Code', markdown: 'Markdown', raw: 'Raw'}[this.data.cell_type] || 'Unknown';
    const who = this.mark && this.page.film.overview.authors[this.mark.author];
    return `${kind} cell${who ? `, just changed by ${who.name}` : ''}`;
  }

  promptText() {
    const {cell_type: type, execution_count: count, _state: state} = this.data;
    if (type !== 'code') return '';
    if (running(state)) return '[*]';
    return count === null || count === undefined ? '[ ]' : `[${count}]`;
  }

  ranText() {
    const run = this.data._run;
    return this.data.cell_type === 'code' && run && run.ended && run.started ? duration(run.ended - run.started) : '';
  }
}

const shortened = (text) => (text.length > LONGEST_ERASED ? `${text.slice(0, LONGEST_ERASED)}…` : text);

module.exports = {CellView};
