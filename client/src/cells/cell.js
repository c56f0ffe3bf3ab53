'use strict';
// One cell: its source, its rendered markdown, its outputs, and who is in it.
const {icon} = require('../icons/icons');
const {Source} = require('./source');
const {colourFences} = require('./fences');
const {isRunning, runText} = require('./run-state');
const {renderAsk} = require('../outputs/ask');
const {withRenderers} = require('../outputs/renderers');
const {restScrolling, watchScrolling} = require('../outputs/scrolling');

class Cell {
  init(model) {
    this.rootModel = model.root;
    this.path = `cells.${model.get('docid')}`;
    model.ref('cell', model.root.at(this.path));
    const {cell_type: type, source} = model.get('cell') || {};
    model.set('editing', type !== 'markdown' || !source);
    model.set('folded', this.page.foldOf(model.get('docid')));
  }

  // Runs in the browser only, once the cell's elements are there.
  create(model) {
    this.id = model.get('docid');
    this.numbered = this.page.numbered;
    this.source = new Source(this);
    this.watch('cell_type', () => this.typeChanged());
    this.watch('outputs', () => this.outputsChanged());
    this.watch('_input', () => this.outputsChanged());
    this.watch('_trusted', () => this.outputsChanged());
    this.watch('attachments', () => this.renderMarkdown());
    this.watch('source', () => this.sourceChanged());
    this.watch('_state', () => this.showRun());
    this.watch('_run', () => this.showRun());
    this.page.cells.set(this.id, this);
    this.page.viewport.observe(this);
    this.on('destroy', () => this.gone());
    this.showRun();
    this.page.cellCreated(this);
  }

  gone() {
    clearInterval(this.ticking);
    this.source.destroy();
    this.page.viewport.unobserve(this);
    if (this.page.cells.get(this.id) === this) this.page.cells.delete(this.id);
    for (const output of this.outputs.children) output.dispatchEvent(new Event('dropped'));
  }

  get(field) {
    return this.rootModel.get(`${this.path}.${field}`);
  }

  // Calls back on any change of a field or within it, for as long as the cell is shown.
  watch(field, callback) {
    const listeners = [`${this.path}.${field}`, `${this.path}.${field}.**`].map((pattern) =>
      this.rootModel.on('all', pattern, callback));
    this.on('destroy', () => listeners.forEach((listener) => this.rootModel.removeListener('all', listener)));
  }

  // --- near and far ---

  draw() {
    if (this.isDrawn || this.isDestroyed) return;
    this.isDrawn = true;
    this.source.drawStill();
    this.renderMarkdown();
    this.renderOutputs();
  }

  // It is near enough to be laid out, or no more.
  nearby(isNear) {
    this.isNear = isNear;
    if (this.isDrawn) this.followScrolling();
  }

  followScrolling() {
    if (this.isNear) watchScrolling(this.outputs, true);
    else restScrolling(this.outputs);
    if (this.isNear) watchScrolling(this.rendered);
    else restScrolling(this.rendered);
  }

  approached() {
    this.draw();
    if (this.model.get('editing')) this.page.wakeSoon(this.source);
  }

  left() {
    this.source.sleep();
  }

  // An editor may come between the press and the click, and know nothing of the press.
  wake(event) {
    if (!this.source.hasFocus) this.edit({x: event.clientX, y: event.clientY});
  }

  // --- what changed ---

  typeChanged() {
    const type = this.get('cell_type');
    if (!type) return;
    if (this.source.editor) this.source.editor.setLanguage(type);
    if (type !== 'markdown') this.model.set('editing', true);
    if (type !== 'markdown') this.page.wakeSoon(this.source);
    this.source.drawStill();
    this.renderMarkdown();
    this.renderOutputs();
    this.page.syncSelectedType();
  }

  sourceChanged() {
    this.source.changed();
    if (!this.model.get('editing')) this.renderMarkdown();
  }

  // A burst of ops becomes one drawing.
  outputsChanged() {
    if (this.drawing || !this.isDrawn) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = null;
      if (!this.isDestroyed) this.renderOutputs();
    });
  }

  renderMarkdown() {
    if (!this.isDrawn) return;
    if (this.get('cell_type') !== 'markdown') {
      this.rendered.textContent = '';
      return;
    }
    withRenderers('markdown', ({markdownFragment}) => {
      if (this.isDestroyed || this.get('cell_type') !== 'markdown') return;
      this.rendered.replaceChildren(markdownFragment(this.get('source') || '', this.get('attachments')));
      colourFences(this.rendered);
      this.followScrolling();
    });
  }

  renderOutputs() {
    if (!this.isDrawn) return;
    renderAsk(this);
    if (!this.shownOutputs().length && !this.outputs.hasChildNodes()) return;
    withRenderers('outputs', ({renderOutputs}) => {
      if (this.isDestroyed) return;
      renderOutputs(this.outputs, this.shownOutputs(), {
        trusted: this.page.trusts(this),
        trustAll: this.page.isViewer() ? null : () => this.page.perform('trust'),
        base: this.page.base,
        notebookId: this.page.notebookId,
        connection: this.rootModel.connection,
        viewer: this.page.isViewer()
      });
      this.box.classList.toggle('has-outputs', this.outputs.hasChildNodes());
      this.followScrolling();
    });
  }

  shownOutputs() {
    return this.get('cell_type') === 'code' && this.get('outputs') || [];
  }

  showRun() {
    clearInterval(this.ticking);
    const state = this.get('_state');
    const show = () => {
      const {text, title} = runText(this.get('cell_type'), state, this.get('_run'), Date.now(), this.page);
      if (this.ran.textContent !== text) this.ran.textContent = text;
      this.ran.title = title;
      this.box.dataset.run = title;
      this.box.ariaDescription = title;
    };
    show();
    if (isRunning(state)) this.ticking = setInterval(show, 500);
    this.page.runChanged();
  }

  // --- what a person does ---

  pressed(event) {
    const from = event.target.closest ? event.target : event.target.parentElement;
    if (from.closest('.folded-source, .folded-outputs, .folded-section, .fold-section, .run-here, .ask')) return;
    // Several cells are dragged by the side of any: they stay chosen until it was a click.
    const dragsAll = from.closest('.side') && !event.shiftKey && this.page.chosen.size > 1 && this.page.isChosen(this.id);
    this.picksOnClick = Boolean(dragsAll);
    if (!dragsAll) this.page.pickCell(this.id, event.shiftKey && !from.closest('.editor'));
  }

  clicked() {
    if (this.picksOnClick) this.page.pickCell(this.id);
    this.picksOnClick = false;
  }

  focused(event) {
    if (event.target.closest('.editor')) this.page.setMode('edit');
    if (!this.picksOnClick) this.page.pickCell(this.id, this.page.isChosen(this.id));
  }

  blurred(event) {
    const to = event.relatedTarget;
    if (!to || !to.closest || !to.closest('.editor')) this.page.setMode('command');
  }

  // A plain link within the page goes there; the page itself stays.
  followLink(event) {
    const link = event.target.closest && event.target.closest('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    this.page.goToHeading(decodeURIComponent(link.hash.slice(1)));
  }

  mayChange() {
    return !this.page.isViewer();
  }

  // Where nothing can point at the time to see its title: say it.
  tellRun() {
    if (this.box.dataset.run) this.page.toast(`${this.box.dataset.run}.`, 'news');
  }

  runHere(event) {
    event.stopPropagation();
    this.page.pickCell(this.id);
    this.page.runCell(this.id);
  }

  dragStarted(event) {
    this.page.dragStarted(this, event);
  }

  async edit(at) {
    this.page.pickCell(this.id);
    this.model.set('editing', true);
    this.unfold('source');
    await this.source.focus(at && at.type ? undefined : at);
  }

  // Leaves the editor for command mode; a markdown cell is shown as what it means.
  leave() {
    this.show();
    this.box.focus({preventScroll: true});
  }

  show() {
    if (this.get('cell_type') === 'markdown' && this.get('source')) {
      this.draw();
      this.renderMarkdown();
      this.model.set('editing', false);
    }
  }

  attach(name, bundle) {
    if (this.get('attachments')) this.rootModel.set([...this.path.split('.'), 'attachments', name].join('.'), bundle);
    else this.rootModel.set(`${this.path}.attachments`, {[name]: bundle});
  }

  toggleSection() {
    this.page.foldSection(this.id, !this.page.isFolded(this.id));
  }

  unfold(part) {
    if ((this.model.get('folded') || '').includes(part)) this.page.fold(this.id, part, false);
  }

  // --- how it reads ---

  icon(name) {
    return icon(name);
  }

  cellClass(type, state, editing, folded, below) {
    const classes = ['cell', type];
    if (type === 'markdown' && !editing) classes.push('shown');
    if (isRunning(state)) classes.push('running');
    for (const part of (folded || '').split(' ').filter(Boolean)) {
      if (part !== 'section' || below) classes.push(`folds-${part}`);
    }
    if (this.source && this.source.live) classes.push('live');
    if (this.outputs && this.outputs.hasChildNodes()) classes.push('has-outputs');
    return classes.join(' ');
  }

  label(type, state, count) {
    const kind = {code: 'Code', markdown: 'Markdown', raw: 'Raw'}[type] || 'Unknown';
    const ran = type !== 'code' ? '' : isRunning(state) ? ', running' : count ? `, run ${count}` : '';
    return `${kind} cell${ran}`;
  }

  promptText(type, state, count) {
    if (type !== 'code') return '';
    if (isRunning(state)) return '[*]';
    return count === null || count === undefined ? '[ ]' : `[${count}]`;
  }

  foldsSection(folded) {
    return (folded || '').includes('section');
  }

  cellCount(count) {
    return count === 1 ? '1 cell' : `${count || 0} cells`;
  }

  foldedText(folded, source) {
    if (!(folded || '').includes('source')) return '';
    const [first, ...rest] = String(source || '').split('\n');
    return rest.length ? `${first} … ${rest.length} more lines` : `${first} …`;
  }
}

Cell.view = {is: 'cell', file: __dirname + '/cell.html'};

module.exports = {Cell};
