'use strict';
// The slider: how much happened when and by whom, and the moment that is shown.
const {h, set} = require('./dom');
const {clockOf, grouped, momentText} = require('./wording');

const PAGE_SHARE = 1 / 20;

class Slider {
  constructor(page) {
    this.page = page;
    this.canvas = h('canvas', {'aria-hidden': true});
    this.tip = h('div.film-tip', {'aria-hidden': true, hidden: true});
    this.thumb = this.makeThumb('Moment', (position) => page.goTo(position));
    this.other = this.makeThumb('Compared with', (position) => page.compareWith(position));
    this.other.classList.add('other');
    this.days = h('div.film-days', {'aria-hidden': true});
    this.strip = h('div.film-strip', {}, this.canvas, this.other, this.thumb, this.tip);
    this.element = h('div.film', {}, this.strip, this.days);
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.strip);
  }

  makeThumb(label, move) {
    const thumb = h('div.film-thumb', {role: 'slider', tabindex: 0, 'aria-label': label, 'aria-valuemin': 0});
    thumb.move = move;
    thumb.addEventListener('keydown', (event) => this.key(event, thumb));
    return thumb;
  }

  listen() {
    const share = (event) => {
      const box = this.canvas.getBoundingClientRect();
      return (event.clientX - box.left) / box.width;
    };
    const move = (event) => this.held.move(this.page.film.positionOf(share(event)));
    this.strip.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      this.held = event.target === this.other ? this.other : this.thumb;
      this.page.pause();
      this.strip.setPointerCapture(event.pointerId);
      move(event);
      this.held.focus({preventScroll: true});
      event.preventDefault();
    });
    this.strip.addEventListener('pointermove', (event) => {
      if (this.strip.hasPointerCapture(event.pointerId)) move(event);
      this.hint(share(event));
    });
    this.strip.addEventListener('pointerleave', () => (this.tip.hidden = true));
  }

  key(event, thumb) {
    const {film} = this.page;
    const at = Number(thumb.getAttribute('aria-valuenow'));
    const places = {
      Home: () => 0,
      End: () => film.total,
      PageUp: () => film.positionOf(film.shareOf(at) + PAGE_SHARE),
      PageDown: () => film.positionOf(film.shareOf(at) - PAGE_SHARE)
    };
    if (thumb === this.other) {
      places.ArrowRight = places.ArrowUp = () => Math.min(at + 1, film.total);
      places.ArrowLeft = places.ArrowDown = () => Math.max(at - 1, 0);
    }
    const place = places[event.key];
    if (!place || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.page.pause();
    thumb.move(place());
  }

  // What is under the pointer.
  hint(share) {
    const {film} = this.page;
    if (!film.total) return;
    const at = film.positionOf(share);
    const bucket = film.overview.buckets[film.bucketAt(Math.min(at, film.total - 1))];
    const names = bucket[2].map(([author]) => film.overview.authors[author].name).slice(0, 4).join(', ');
    this.tip.textContent = `${momentText(film.timeAt(at))}${names ? ` · ${names}` : ''}`;
    this.tip.hidden = false;
    const width = this.strip.clientWidth;
    const half = this.tip.offsetWidth / 2;
    this.tip.style.left = `${Math.min(Math.max(share * width, half), width - half)}px`;
  }

  // The thumbs, and what they say.
  show(position, compared) {
    this.place(this.thumb, position);
    this.other.hidden = compared === null;
    if (compared !== null) this.place(this.other, compared);
    this.draw();
  }

  place(thumb, position) {
    const {film} = this.page;
    thumb.style.left = `${film.shareOf(position) * 100}%`;
    set(thumb, 'aria-valuemax', film.total);
    set(thumb, 'aria-valuenow', position);
    const text = `${momentText(film.timeAt(position))}, op ${grouped(position)} of ${grouped(film.total)}`;
    set(thumb, 'aria-valuetext', film.total ? text : 'No history');
  }

  draw() {
    const {film, author, position, compared} = this.page;
    const {overview} = film;
    const {clientWidth: width, clientHeight: height} = this.strip;
    if (!width || !overview) return;
    const scale = devicePixelRatio || 1;
    Object.assign(this.canvas, {width: width * scale, height: height * scale});
    const pen = this.canvas.getContext('2d');
    pen.scale(scale, scale);
    const {buckets, authors} = overview;
    const step = width / (buckets.length || 1);
    const most = Math.max(1, ...buckets.map(([, , counts]) => sum(counts)));
    const style = getComputedStyle(this.element);
    const edge = film.shareOf(position) * width;
    const from = compared === null ? 0 : film.shareOf(Math.min(position, compared)) * width;
    const until = compared === null ? edge : film.shareOf(Math.max(position, compared)) * width;
    buckets.forEach(([, , counts], index) => {
      const total = sum(counts);
      if (!total) return;
      let top = height - 9;
      const tall = Math.max(3, Math.sqrt(total / most) * (height - 15));
      const inside = (index + 0.5) * step >= from && (index + 0.5) * step <= until;
      for (const [who, count] of counts) {
        const part = (tall * count) / total;
        pen.globalAlpha = (author !== null && who !== author ? 0.15 : 1) * (inside ? 1 : 0.38);
        pen.fillStyle = authors[who].color;
        pen.fillRect(index * step, top - part, Math.max(step - 0.6, 0.8), part);
        top -= part;
      }
    });
    pen.globalAlpha = 1;
    this.drawRuns(pen, width, height, style);
    this.drawDays(width);
  }

  drawRuns(pen, width, height, style) {
    const {film, author} = this.page;
    for (const [position, , who, outcome] of film.overview.runs) {
      pen.globalAlpha = author !== null && who !== author ? 0.2 : 1;
      pen.fillStyle = style.getPropertyValue(outcome === 'ok' ? '--good' : '--bad');
      pen.fillRect(film.shareOf(position) * width - 1, height - 6, 2, 5);
    }
    pen.globalAlpha = 1;
  }

  // Where days, or hours, begin: as many as there is room for.
  drawDays(width) {
    const {buckets} = this.page.film.overview;
    const key = `${width} ${buckets.length} ${this.page.film.total}`;
    if (this.drawnDays === key) return;
    this.drawnDays = key;
    const labels = [];
    let lastDay = '';
    let lastText = '';
    let lastEnd = -Infinity;
    buckets.forEach(([, time], index) => {
      const day = new Date(time).toDateString();
      const left = (index / buckets.length) * width;
      if (left < lastEnd || left > width - 44) return;
      const text = day !== lastDay
        ? new Date(time).toLocaleDateString([], {day: 'numeric', month: 'short'})
        : clockOf(time, {second: undefined});
      if (text === lastText) return;
      lastText = text;
      lastDay = day;
      lastEnd = left + 92;
      labels.push(h('span', {style: `left: ${left}px`}, text));
    });
    this.days.replaceChildren(...labels);
  }
}

const sum = (counts) => counts.reduce((total, [, count]) => total + count, 0);

module.exports = {Slider};
