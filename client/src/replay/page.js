'use strict';
// The replay page: the moment that is shown, and everything that changes it.
const {AuthorsView} = require('./authors-view');
const {CellPanel} = require('./cell-panel');
const {DiffView} = require('./diff-view');
const {Dock, SPEEDS, UNITS} = require('./dock');
const {Film} = require('./film');
const {NotebookView, cellsOf} = require('./notebook-view');
const {Player} = require('./player');
const {RunsView} = require('./runs-view');
const {Slider} = require('./slider');
const {Toasts} = require('./toasts');
const {button, h, write} = require('./dom');
const {icon} = require('../icons/icons');
const {marksOf} = require('./marks');
const {momentText} = require('./wording');
const theme = require('../page/theme');

const LIVE_MS = 3000;
const RECENT_MS = 2500;
const MOST_MARKED = 400;

class Page {
  constructor(asker, session, base) {
    Object.assign(this, {asker, base});
    this.path = session.path;
    this.notebookId = session.notebookId;
    this.mayEdit = session.role !== 'viewer';
    this.film = new Film(asker);
    this.player = new Player(this);
    this.position = 0;
    this.state = null;
    this.marks = new Map();
    this.unit = 'op';
    this.speed = SPEEDS[0];
    this.author = null;
    this.cell = null;
    this.compared = null;
    this.blaming = false;
    this.going = 0;
    this.toasts = new Toasts();
    this.build();
  }

  // The author that is followed alone, as the server knows them; null for all.
  get followed() {
    return this.author === null ? null : this.film.overview.authors[this.author].id;
  }

  get playing() {
    return this.player.playing;
  }

  build() {
    theme.startTheme();
    const name = this.path.split('/').pop().replace(/\.ipynb$/, '');
    const home = `${this.base}/notebooks/${this.path.split('/').map(encodeURIComponent).join('/')}`;
    this.slider = new Slider(this);
    this.dock = new Dock(this, this.slider);
    this.authors = new AuthorsView(this);
    this.notebook = new NotebookView(this);
    this.diff = new DiffView(this);
    this.panel = new CellPanel(this);
    this.runs = new RunsView(this);
    this.when = h('span.at', {});
    this.bars = h('div.bars', {}, h('header.top', {},
      h('a.home', {href: home, title: 'Back to the notebook', 'aria-label': 'Back to the notebook', html: `${icon('back')}<span>Notebook</span>`}),
      h('h1.name', {title: this.path}, name),
      h('span.viewing', {html: icon('history')}, 'History'),
      h('span.stretch'), this.authors.element,
      button(icon('theme'), 'Light, dark, or as the system has it', () => theme.nextTheme.call({toast: (text) => this.toasts.say(text)}), {'data-action': 'theme'})));
    document.body.append(
      h('a.skip', {href: '#notebook'}, 'Skip to the cells'), this.bars,
      h('div', {id: 'content'}, this.notebook.element, this.diff.element, this.panel.element),
      this.runs.element, this.dock.element, this.toasts.element);
    document.addEventListener('keydown', (event) => this.key(event));
    new ResizeObserver(() => document.body.style.setProperty('--dock', `${this.dockHeight()}px`)).observe(this.dock.element);
  }

  dockHeight() {
    return this.dock.element.offsetHeight;
  }

  // --- opening ---

  // Shows the documents that came with the page, then what the address names.
  async open(docs) {
    const address = new URLSearchParams(location.search);
    if (docs && !address.get('at')) {
      this.state = {position: Infinity, docs};
      this.notebook.show(this.state, this.marks);
    }
    this.dock.show({position: 0});
    const [overview] = await Promise.all([this.asker.overview(), this.loadColors()]);
    this.film.take(overview);
    const place = address.get('at') ? {at: address.get('at')} : {};
    const state = await this.film.fetch(place, this.state);
    if (this.state && this.state.position === Infinity) this.state = state;
    await this.goTo(state.position);
    if (address.get('from')) await this.openCompare(address.get('from'));
    if (address.get('cell')) await this.openCell(address.get('cell'));
    this.follow();
  }

  async loadColors() {
    const {highlighted} = await import('../cells/highlight.mjs');
    this.highlighted = highlighted;
    this.notebook.redraw();
  }

  // What others do meanwhile is added at the end.
  follow() {
    setInterval(async () => {
      if (document.hidden) return;
      try {
        await this.lookAgain();
      } catch {
        // offline: the next look may be luckier
      }
    }, LIVE_MS);
  }

  async lookAgain() {
    const atEnd = this.position >= this.film.total;
    if (!this.film.take(await this.asker.overview())) return;
    if (atEnd && !this.playing && this.compared === null) await this.goTo(this.film.total);
    else this.showControls();
  }

  language() {
    const notebook = this.state && this.state.docs[`notebooks/${this.notebookId}`];
    const {kernelspec, language_info: info} = (notebook && notebook.data && notebook.data.contents && notebook.data.contents.metadata) || {};
    return (info && info.name) || (kernelspec && kernelspec.language) || 'python';
  }

  sourceOf(key) {
    const doc = this.state && this.state.docs[key];
    return String((doc && doc.data && doc.data.source) || '');
  }

  // --- going about ---

  // Shows a moment; what was done since `from`, or just before it, is marked. The latest call wins.
  async goTo(position, {from, playing = false} = {}) {
    const going = ++this.going;
    position = Math.max(0, Math.min(position, this.film.total));
    this.position = position;
    this.showControls();
    try {
      const state = await this.film.at(position, this.state);
      await this.film.ops(Math.max(0, position - 1), position);
      if (going !== this.going) return;
      this.state = state;
      this.mark(position, from);
      this.notebook.show(state, this.marks);
      if (this.compared !== null) this.showDiff();
      else if (from !== undefined || this.cell === null) this.notebook.follow(this.marks);
      this.showControls();
      if (!playing) this.settle();
    } catch (error) {
      if (going === this.going) this.problem(error);
    }
  }

  // What was done just before a moment, by cell id.
  mark(position, from) {
    const ops = this.film.known(Math.max(0, position - MOST_MARKED), position);
    const last = ops[ops.length - 1];
    this.marks = new Map();
    this.lastMark = null;
    if (!last) return;
    const first = position - ops.length;
    const since = from !== undefined && from < position ? from : Math.min(last.s, position - 1);
    const recent = ops.filter((op, index) => first + index >= since && (from !== undefined || op.d === last.d && op.a === last.a || op.t >= last.t - RECENT_MS));
    for (const [doc, mark] of marksOf(recent)) {
      const key = this.film.keyOf(doc);
      if (key.startsWith('cells/')) this.marks.set(key.slice(6), mark);
    }
    const [lastly] = marksOf(recent.filter((op) => op.d === last.d && op.a === last.a)).values();
    this.lastMark = lastly && {...lastly, counts: countsOf(lastly)};
  }

  showControls() {
    this.slider.show(this.position, this.compared);
    this.dock.show({position: this.position, mark: this.lastMark, playing: this.playing});
    this.dock.showModes({blame: this.blaming, compared: this.compared, runs: !this.runs.element.hidden});
    if (this.film.overview) this.authors.show(this.film.overview.authors, this.author);
  }

  // The moment will be looked at for a while: the address names it, and the rest is fetched.
  settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      const address = new URLSearchParams();
      if (this.position < this.film.total || this.compared !== null) address.set('at', this.film.momentOf(this.position));
      if (this.compared !== null) address.set('from', this.film.momentOf(this.compared));
      if (this.cell !== null) address.set('cell', this.cell);
      const query = address.toString().replace(/%3A/g, ':').replace(/%7E/g, '~');
      history.replaceState(null, '', location.pathname + (query ? `?${query}` : ''));
      this.refreshPanel();
      if (this.blaming) this.blameNear();
    }, 150);
  }

  async step(back) {
    this.pause();
    const {position, unit, followed: author, cell} = this;
    try {
      const next = await this.film.step(position, {unit, back, author, cell});
      if (next === null) return this.toasts.say(back ? 'There is nothing before this.' : 'There is nothing after this.');
      await this.goTo(next, back ? {} : {from: position});
    } catch (error) {
      this.problem(error);
    }
  }

  async stepBy(unit, back) {
    const before = this.unit;
    this.unit = unit;
    await this.step(back);
    this.unit = before;
  }

  setUnit(unit) {
    this.unit = unit;
  }

  setSpeed(speed) {
    this.speed = speed;
    this.dock.speed.value = speed;
  }

  togglePlay() {
    if (this.playing) return this.pause();
    if (this.compared !== null) this.toggleCompare();
    if (this.position >= this.film.total) this.position = 0;
    this.setBlame(false);
    this.player.start();
    this.dock.showPlaying(true);
  }

  pause() {
    if (!this.playing) return;
    this.player.stop();
    this.dock.showPlaying(false);
    this.notebook.redraw();
    this.showControls();
    this.settle();
  }

  toggleRuns(on) {
    const open = on === undefined ? this.runs.element.hidden : on;
    if (open) this.runs.open();
    else {
      this.runs.element.hidden = true;
      this.dock.runs.focus();
    }
    this.showControls();
  }

  async jumpToRun(position) {
    this.toggleRuns(false);
    this.pause();
    await this.goTo(position);
  }

  // Steps and playing go through one author's changes; the nearest of them is shown at once.
  async followAuthor(index) {
    this.pause();
    this.author = this.author === index ? null : index;
    this.showControls();
    const author = this.followed;
    if (author === null) return;
    const own = await this.film.step(this.position + 1, {unit: 'burst', back: true, author});
    const next = own || await this.film.step(this.position, {unit: 'burst', author});
    if (next) await this.goTo(next);
  }

  // --- comparing ---

  async toggleCompare() {
    this.pause();
    if (this.compared !== null) {
      this.compared = null;
      this.diff.element.hidden = true;
      this.notebook.element.hidden = false;
      this.showControls();
      return this.settle();
    }
    // From this moment to now; at the end, from where the last sitting began.
    const atEnd = this.position >= this.film.total;
    const from = atEnd ? this.film.positionOf(Math.max(0, this.film.shareOf(this.film.total) - 0.25)) : this.position;
    this.compared = from;
    await this.goTo(atEnd ? this.position : this.film.total);
  }

  async openCompare(moment) {
    const {position} = await this.film.fetch({at: moment}, this.state);
    this.compared = position;
    await this.goTo(this.position);
  }

  compareWith(position) {
    this.compared = Math.max(0, Math.min(position, this.film.total));
    this.showControls();
    this.showDiff();
    this.settle();
  }

  async showDiff() {
    const [from, to] = [Math.min(this.position, this.compared), Math.max(this.position, this.compared)];
    this.comparing = `${from} ${to}`;
    if (this.diffing) return; // the answer to come asks again
    this.diffing = true;
    try {
      const {cells} = await this.asker.ask('diff', {from, to});
      if (this.compared === null) return;
      this.notebook.element.hidden = true;
      this.diff.element.hidden = false;
      this.diff.show(cells, `From ${momentText(this.film.timeAt(from))} to ${to >= this.film.total ? 'now' : momentText(this.film.timeAt(to))}`);
    } catch (error) {
      this.problem(error);
    } finally {
      this.diffing = false;
      if (this.compared !== null && this.comparing !== `${from} ${to}`) this.showDiff();
    }
  }

  // --- who wrote what ---

  toggleBlame() {
    this.pause();
    this.setBlame(!this.blaming);
    if (this.blaming) this.blameNear();
  }

  setBlame(on) {
    if (this.blaming === on) return;
    this.blaming = on;
    for (const view of this.notebook.views.values()) view.blame = null;
    this.notebook.redraw();
    this.showControls();
  }

  drawnMore() {
    if (this.blaming) this.blameNear();
  }

  async blameNear() {
    if (this.asking) return;
    this.asking = true;
    try {
      let view;
      while (this.blaming && (view = this.notebook.near().find(({blame}) => !blame))) {
        const {position} = this;
        const {blame} = await this.asker.ask('cell', {cell: view.id, position});
        if (!this.blaming || position !== this.position) continue;
        view.blame = blame;
        view.draw();
      }
    } catch (error) {
      this.problem(error);
    } finally {
      this.asking = false;
    }
  }

  // --- one cell ---

  async openCell(id) {
    this.pause();
    this.cell = id;
    this.panel.element.hidden = false;
    document.getElementById('content').classList.add('with-chat');
    this.choose(id);
    this.settle();
    await this.refreshPanel();
    const close = this.panel.element.querySelector('header button');
    close.focus({preventScroll: true});
  }

  closeCell() {
    const view = this.notebook.views.get(this.cell);
    this.cell = null;
    this.panel.element.hidden = true;
    document.getElementById('content').classList.remove('with-chat');
    this.choose(null);
    this.settle();
    if (view) view.tools.querySelector('button').focus({preventScroll: true});
  }

  choose(id) {
    for (const view of this.notebook.views.values()) view.box.classList.toggle('chosen', view.id === id);
  }

  async refreshPanel() {
    if (this.cell === null) return;
    const {cell, position} = this;
    try {
      const told = await this.asker.ask('cell', {cell, position});
      if (this.cell === cell && this.position === position) this.panel.show(told);
    } catch (error) {
      this.problem(error);
    }
  }

  // --- bringing back ---

  async restoreCell(id) {
    await this.restore({cell: id}, 'The cell is as it was');
  }

  async restoreNotebook() {
    this.pause();
    const moment = momentText(this.film.timeAt(this.position));
    const sure = await confirmed('Restore the whole notebook?',
      `Everybody’s notebook becomes what it was: ${moment}. Nothing is lost: what is there now stays in the history.`, 'Restore');
    if (sure) await this.restore({}, 'The notebook is as it was');
  }

  async restore(what, text) {
    const {position} = this;
    this.pause();
    try {
      const told = await this.asker.ask('restore', {position, ...what});
      if (!told.documents) return this.toasts.say(['Nothing differs from now.', ...told.notes].join(' '));
      this.toasts.say([`${text}: ${momentText(this.film.timeAt(position))}.`, ...told.notes].join(' '), 'done', {
        label: 'Undo', run: () => this.undo(told.restored)
      });
      await this.lookAgain();
    } catch (error) {
      this.problem(error);
    }
  }

  async undo(restored) {
    try {
      const told = await this.asker.ask('undo', {restored});
      this.toasts.say(['Taken back.', ...told.notes].join(' '), 'done');
      await this.lookAgain();
    } catch (error) {
      this.problem(error);
    }
  }

  problem(error) {
    this.toasts.say(error.message || String(error), 'problem');
  }

  // --- keys ---

  key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target.closest ? event.target : document.body;
    if (target.closest('input, textarea, .dialog')) return;
    const pressing = target.closest('button, a, select, summary') && (event.key === ' ' || event.key === 'Enter');
    if (pressing || target.closest('select') && event.key.startsWith('Arrow')) return;
    const act = {
      ' ': () => this.togglePlay(),
      ArrowRight: () => (event.shiftKey ? this.stepBy('run', false) : this.step(false)),
      ArrowLeft: () => (event.shiftKey ? this.stepBy('run', true) : this.step(true)),
      Home: () => (this.pause(), this.goTo(0)),
      End: () => (this.pause(), this.goTo(this.film.total)),
      b: () => this.toggleBlame(),
      d: () => this.toggleCompare(),
      r: () => this.toggleRuns(),
      1: () => this.pickUnit(0),
      2: () => this.pickUnit(1),
      3: () => this.pickUnit(2),
      Escape: () => this.leave()
    }[event.key];
    if (!act || !this.film.overview) return;
    event.preventDefault();
    act();
  }

  pickUnit(index) {
    this.setUnit(UNITS[index][0]);
    this.dock.unit.value = this.unit;
    this.toasts.say(`Steps go by ${UNITS[index][1]}.`);
  }

  leave() {
    if (!this.runs.element.hidden) this.toggleRuns(false);
    else if (this.cell !== null) this.closeCell();
    else if (this.compared !== null) this.toggleCompare();
    else if (this.blaming) this.toggleBlame();
    else this.pause();
  }
}

const confirmed = (...words) => require('./confirm').confirm(...words);

function countsOf({added, erased}) {
  return {
    added: added.reduce((sum, {from, to}) => sum + to - from, 0),
    removed: erased.reduce((sum, {text}) => sum + text.length, 0)
  };
}

module.exports = {Page, cellsOf, write};
