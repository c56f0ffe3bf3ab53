// Binds an editor's text to a path of the model, character by character.
//
// What is typed goes out as string ops; what others type comes in as changes that are not in the
// undo history, so that undo undoes one's own edits only.
import {Annotation, Transaction} from '@codemirror/state';
import {difference} from './difference.js';

export const fromModel = Annotation.define();

// Returns what to do with an editor's update, and a way to stop. `editor` has `state` and `apply(spec)`.
export function bindText(model, path, own, editor) {
  const wanted = () => String(model.get(path) || '');

  function send(update) {
    if (update.transactions.some((transaction) => transaction.annotation(fromModel))) return;
    const changes = [];
    update.changes.iterChanges((from, to, _newFrom, _newTo, inserted) => {
      changes.push({from, length: to - from, text: inserted.toString()});
    });
    const mine = model.pass({editor: own});
    if (typeof model.get(path) !== 'string') mine.set(path, '');
    for (const {from, length, text} of changes.reverse()) { // last first, so that offsets hold
      if (length) mine.stringRemove(path, from, length);
      if (text) mine.stringInsert(path, from, text);
    }
  }

  function receive(...args) {
    const passed = args[args.length - 1] || {};
    if (passed.editor === own) return;
    const {$stringInsert: inserted, $stringRemove: removed} = passed;
    if (inserted) take({from: inserted.index, insert: inserted.text});
    if (removed) take({from: removed.index, to: removed.index + removed.howMany});
    mend();
  }

  function take(change) {
    const {length} = editor.state.doc;
    if (change.from > length || (change.to || 0) > length) return;
    editor.apply({changes: change, annotations: [fromModel.of(true), Transaction.addToHistory.of(false)]});
  }

  // Whole values that were set, and ops that were rolled back: patch what differs.
  function mend() {
    const change = difference(editor.state.doc.toString(), wanted());
    if (change) take(change);
  }

  const listener = model.on('change', path, receive);
  return {send, stop: () => model.removeListener('change', listener)};
}
