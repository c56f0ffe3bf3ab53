// Thin lines that show how deep a line of code is indented.
import {RangeSetBuilder} from '@codemirror/state';
import {Decoration, ViewPlugin} from '@codemirror/view';

const UNIT = 4;
const marks = new Map();

function mark(depth) {
  if (!marks.has(depth)) {
    marks.set(depth, Decoration.line({class: 'indented', attributes: {style: `--depth: ${depth}`}}));
  }
  return marks.get(depth);
}

// How many units a line is indented; an empty line goes on as the one before it.
export function depthOf(text, before = 0) {
  if (!text.trim()) return before;
  const indent = /^[ \t]*/.exec(text)[0].replace(/\t/g, ' '.repeat(UNIT)).length;
  return Math.ceil(indent / UNIT);
}

function guides(view) {
  const builder = new RangeSetBuilder();
  for (const {from, to} of view.visibleRanges) {
    let depth = 0;
    for (let at = from; at <= to;) {
      const line = view.state.doc.lineAt(at);
      depth = depthOf(line.text, depth);
      if (depth > 0 && line.text.length >= 1) builder.add(line.from, line.from, mark(depth));
      at = line.to + 1;
    }
  }
  return builder.finish();
}

export const indentGuides = ViewPlugin.fromClass(class {
  constructor(view) {
    this.decorations = guides(view);
  }

  update(update) {
    if (update.docChanged || update.viewportChanged) this.decorations = guides(update.view);
  }
}, {decorations: (plugin) => plugin.decorations});
