'use strict';
// What differs between two moments, cell by cell: lines and letters of sources, outputs side by side.
const {h} = require('./dom');
const {renderOutputs} = require('../outputs/render');

const KINDS = {added: 'Added', removed: 'Removed', changed: 'Changed'};
const CONTEXT = 3;

class DiffView {
  constructor(page) {
    this.page = page;
    this.element = h('main.notebook.diff', {id: 'diff', 'aria-label': 'Differences', hidden: true});
  }

  show(cells, title) {
    const count = cells.length === 1 ? '1 cell differs' : `${cells.length || 'No'} cells differ`;
    this.element.replaceChildren(
      h('h2.diff-title', {}, title), h('p.diff-count', {}, count), ...cells.map((cell) => this.cell(cell)));
  }

  cell(cell) {
    const notes = [KINDS[cell.kind], cell.moved && 'moved', cell.settings && `${cell.settings.join(', ').replace('cell_type', 'type')} changed`];
    return h(`section.diff-cell.${cell.kind}`, {'data-cell-id': cell.id, 'aria-label': `${KINDS[cell.kind]} cell`},
      h('header', {}, h('span', {}, notes.filter(Boolean).join(' · ')), !cell.source && h('code', {}, cell.title)),
      cell.source && h('pre.diff-source', {tabindex: 0, 'aria-label': 'Source'}, linesOf(cell.source).map(line)),
      cell.outputs && this.outputs(cell.outputs));
  }

  outputs([before, after]) {
    const side = (label, outputs) => {
      const box = h('div.outputs');
      renderOutputs(box, outputs, {trusted: false, base: this.page.base, notebookId: this.page.notebookId, viewer: true});
      return h('div.diff-side', {}, h('h3', {}, label), outputs.length ? box : h('p.none', {}, 'No output'));
    };
    return h('div.diff-outputs', {}, side('Output before', before), side('Output after', after));
  }
}

// The parts of a text as lines: {kind, parts}. A changed line is there as it was and as it is.
function linesOf(parts) {
  const lines = [];
  let before = [];
  let after = [];
  const flush = () => {
    if (textOf(before) === textOf(after)) {
      lines.push({kind: 'keep', parts: after});
    } else {
      if (before.length) lines.push({kind: 'remove', parts: before});
      if (after.length) lines.push({kind: 'add', parts: after});
    }
    before = [];
    after = [];
  };
  for (const [kind, text] of parts) {
    text.split('\n').forEach((piece, index, all) => {
      if (piece) {
        if (kind !== 'add') before.push([kind, piece]);
        if (kind !== 'remove') after.push([kind, piece]);
      }
      if (index === all.length - 1) return;
      if (kind === 'keep') {
        flush();
      } else if (kind === 'add') {
        lines.push(...pulled(before, after, 'add'));
        after = [];
      } else {
        lines.push(...pulled(before, after, 'remove'));
        before = [];
      }
    });
  }
  if (before.length || after.length) flush();
  return folded(lines);
}

const textOf = (parts) => parts.map(([, text]) => text).join('');

// A line that ends on one side only.
function pulled(before, after, kind) {
  const parts = kind === 'add' ? after : before;
  return [{kind, parts: parts.length ? parts : [[kind, '']]}];
}

// Long stretches without a change are left out.
function folded(lines) {
  const near = lines.map((_, index) => lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({kind}) => kind !== 'keep'));
  const found = [];
  lines.forEach((each, index) => {
    if (near[index]) found.push(each);
    else if (!found.length || found[found.length - 1].kind !== 'skip') found.push({kind: 'skip', parts: []});
  });
  return found;
}

function line({kind, parts}) {
  if (kind === 'skip') return h('div.diff-line.skip', {}, '⋯');
  const sign = {add: '+', remove: '−', keep: ' '}[kind];
  const element = {add: 'ins', remove: 'del'};
  return h(`div.diff-line.${kind}`, {}, h('span.sign', {}, sign),
    h('span', {}, parts.map(([part, text]) => (element[part] ? h(element[part], {}, text) : text))));
}

module.exports = {DiffView, linesOf};
