// Where others' carets and selections are in an editor: coloured, named, moved along by edits.
import {StateEffect, StateField} from '@codemirror/state';
import {Decoration, EditorView, WidgetType} from '@codemirror/view';

const NAME_WIDTH = 150; // a name that has less room stands before the caret

// Replaces all cursors of an editor: [{id, name, color, anchor, head}].
export const setCursors = StateEffect.define();

class Caret extends WidgetType {
  constructor({id, name, color, moved}) {
    super();
    Object.assign(this, {id, name, color, moved});
  }

  // Another caret of the same person is a new element: its name shows again, and fades.
  eq(other) {
    return other.id === this.id && other.moved === this.moved && other.name === this.name && other.color === this.color;
  }

  toDOM(view) {
    const caret = document.createElement('span');
    caret.className = 'remote-caret';
    caret.style.setProperty('--person', this.color);
    caret.dataset.person = this.name; // shown by the style sheet, so that it is no part of the text
    caret.setAttribute('aria-hidden', 'true');
    view.requestMeasure({
      read: () => view.dom.getBoundingClientRect().right - caret.getBoundingClientRect().left,
      write: (room) => caret.classList.toggle('at-end', room < NAME_WIDTH)
    });
    return caret;
  }

  ignoreEvent() {
    return true;
  }
}

function decorations(cursors, length) {
  const clip = (offset) => Math.max(0, Math.min(offset, length));
  const ranges = [];
  for (const cursor of cursors) {
    const [anchor, head] = [clip(cursor.anchor), clip(cursor.head)];
    if (anchor !== head) {
      const style = `--person: ${cursor.color}`;
      const selection = Decoration.mark({class: 'remote-selection', attributes: {style}});
      ranges.push(selection.range(Math.min(anchor, head), Math.max(anchor, head)));
    }
    ranges.push(Decoration.widget({widget: new Caret(cursor), side: 1}).range(head));
  }
  return Decoration.set(ranges, true);
}

export const remoteCursors = StateField.define({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setCursors)) return decorations(effect.value, transaction.newDoc.length);
    }
    return value.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field)
});
