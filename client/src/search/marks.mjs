// Marks in an editor what a search of the notebook found.
import {StateEffect, StateField} from '@codemirror/state';
import {Decoration, EditorView} from '@codemirror/view';

// Replaces the marks: [{from, to, current}].
export const setFound = StateEffect.define();

const plain = Decoration.mark({class: 'found'});
const current = Decoration.mark({class: 'found current'});

export const foundMarks = StateField.define({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setFound)) continue;
      const {length} = transaction.newDoc;
      const inside = effect.value.filter(({from, to}) => from < to && to <= length);
      return Decoration.set(inside.map((match) => (match.current ? current : plain).range(match.from, match.to)));
    }
    return value.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field)
});
