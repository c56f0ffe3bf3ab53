'use strict';
// The controls below: play, steps, speed, the moment in words, and what can be done with it.
const {button, h, set, write} = require('./dom');
const {icon} = require('../icons/icons');
const {deedText, grouped, momentText} = require('./wording');
const {personStyle} = require('../page/header');

const UNITS = [['op', 'each op'], ['burst', 'each burst'], ['run', 'each run']];
const SPEEDS = [1, 2, 5, 20, 100];

class Dock {
  constructor(page, slider) {
    this.page = page;
    this.play = button(icon('run'), 'Play (Space)', () => page.togglePlay(), {kind: 'tool.primary.play', 'data-action': 'play'});
    this.back = button(icon('stepBack'), 'Step back (←)', () => page.step(true), {'data-action': 'back'});
    this.forward = button(icon('stepForward'), 'Step forward (→)', () => page.step(false), {'data-action': 'forward'});
    this.unit = this.select('Step by', UNITS, page.unit, (value) => page.setUnit(value));
    this.speed = this.select('Speed', SPEEDS.map((speed) => [speed, `${speed}×`]), page.speed, (value) => page.setSpeed(Number(value)));
    this.when = h('strong.when');
    this.what = h('span.what');
    this.count = h('span.count');
    this.said = h('div.unseen', {role: 'status', 'aria-live': 'polite'});
    this.runs = button(icon('list'), 'Runs: jump to one', () => page.toggleRuns(), {text: 'Runs', 'data-action': 'runs', 'aria-haspopup': 'dialog', 'aria-expanded': 'false'});
    this.blame = button(icon('authors'), 'Who wrote what (b)', () => page.toggleBlame(), {text: 'Who wrote', kind: 'tool.toggle', 'data-action': 'blame', 'aria-pressed': 'false'});
    this.compare = button(icon('compare'), 'Compare two moments (d)', () => page.toggleCompare(), {text: 'Compare', kind: 'tool.toggle', 'data-action': 'compare', 'aria-pressed': 'false'});
    this.restore = page.mayEdit && button(icon('undo'), 'Restore the notebook as it was at this moment', () => page.restoreNotebook(), {text: 'Restore', 'data-action': 'restore'});
    this.element = h('footer.dock', {'aria-label': 'Timeline'},
      slider.element,
      h('div.moment', {}, this.when, this.what, this.count),
      h('div.controls', {role: 'group', 'aria-label': 'Playing'},
        h('div.group', {}, this.back, this.play, this.forward),
        h('div.group', {}, this.unit, this.speed),
        h('span.stretch'),
        h('div.group', {}, this.runs, this.blame, this.compare, this.restore)),
      this.said);
  }

  select(label, options, value, changed) {
    const element = h('select', {'aria-label': label, title: label}, options.map(([id, text]) => h('option', {value: id}, text)));
    element.value = value;
    element.addEventListener('change', () => changed(element.value));
    return element;
  }

  showPlaying(playing) {
    this.play.innerHTML = icon(playing ? 'pause' : 'run');
    set(this.play, 'title', playing ? 'Pause (Space)' : 'Play (Space)');
    set(this.play, 'aria-label', playing ? 'Pause (Space)' : 'Play (Space)');
    set(this.play, 'data-playing', playing ? 'true' : 'false');
  }

  // Says which moment is shown and what was done just before it.
  show({position, mark, playing}) {
    const {film} = this.page;
    const last = position >= film.total;
    write(this.when, film.total ? (last ? `Now · ${momentText(film.timeAt(position))}` : momentText(film.timeAt(position))) : 'Now');
    const {authors} = film.overview || {authors: []};
    const who = mark && authors[mark.author];
    set(this.what, 'style', who ? personStyle(who.color) : null);
    write(this.what, who ? `${who.name} ${deedText(mark.kind, mark.counts)}` : position === 0 ? 'Before the first op' : '');
    write(this.count, film.overview ? `${grouped(position)} of ${grouped(film.total)} ops` : 'Reading the history…');
    this.back.disabled = position <= 0;
    this.forward.disabled = last;
    if (this.restore) this.restore.disabled = last;
    if (!playing) write(this.said, `${this.when.textContent}. ${this.what.textContent}`);
  }

  showModes({blame, compared, runs}) {
    set(this.blame, 'aria-pressed', String(blame));
    set(this.compare, 'aria-pressed', String(compared !== null));
    set(this.runs, 'aria-expanded', String(runs));
  }
}

module.exports = {Dock, SPEEDS, UNITS};
