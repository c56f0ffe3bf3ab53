'use strict';
// The replay page: the moment that is shown, and everything that changes it.
const {AuthorsView} = require('./authors-view');
const {CellPanel} = require('./cell-panel');
const {DiffView} = require('./diff-view');
const {Dock, SPEEDS} = require('./dock');
const {Film} = require('./film');
const {NotebookView} = require('./notebook-view');
const {Player} = require('./player');
const {RunsView} = require('./runs-view');
const {Slider} = require('./slider');
const {Toasts} = require('./toasts');
const {button, h} = require('./dom');
const {icon} = require('../icons/icons');
const {marksOf} = require('./marks');
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
      await this.loadBurst(position);
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

  // The ops that are marked at a moment: those of the burst that it ends, from where that began.
  async loadBurst(position) {
    const [last] = await this.film.ops(Math.max(0, position - 1), position);
    if (last) await this.film.ops(Math.max(last.s, position - MOST_MARKED, 0), position);
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

  // Steps wait for each other, so that none of several quick ones is lost.
  step(back, unit = this.unit) {
    this.pause();
    this.stepping = (this.stepping || Promise.resolve()).then(() => this.stepNow(back, unit));
    return this.stepping;
  }

  async stepNow(back, unit) {
    const {position, followed: author, cell} = this;
    try {
      const next = await this.film.step(position, {unit, back, author, cell});
      if (next === null) return this.toasts.say(back ? 'There is nothing before this.' : 'There is nothing after this.');
      await this.goTo(next, back ? {} : {from: position});
    } catch (error) {
      this.problem(error);
    }
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

  // The history cannot be shown at all.
  failed(error) {
    this.dock.count.textContent = this.film.overview ? '' : 'The history could not be read';
    this.problem(error);
  }

  problem(error) {
    this.toasts.say(error.message || String(error), 'problem');
  }
}

function countsOf({added, erased}) {
  return {
    added: added.reduce((sum, {from, to}) => sum + to - from, 0),
    removed: erased.reduce((sum, {text}) => sum + text.length, 0)
  };
}

Object.assign(
  Page.prototype,
  require('./blaming'),
  require('./cell-history'),
  require('./comparing'),
  require('./keys'),
  require('./restoring')
);

module.exports = {Page};
