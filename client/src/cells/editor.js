'use strict';
// A CodeMirror editor bound to a cell's source, character by character.
//
// What is typed goes out as string ops; what others type comes in as changes that are not
// in the undo history, so that undo undoes one's own edits only.
const {Annotation, Compartment, EditorState, Transaction} = require('@codemirror/state');
const {EditorView, drawSelection, highlightSpecialChars, keymap, placeholder} = require('@codemirror/view');
const {defaultKeymap, history, historyKeymap, indentWithTab} = require('@codemirror/commands');
const {HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting} = require('@codemirror/language');
const {python} = require('@codemirror/lang-python');
const {markdown} = require('@codemirror/lang-markdown');
const {tags} = require('@lezer/highlight');

const fromModel = Annotation.define();

const colors = HighlightStyle.define([
  {tag: tags.keyword, color: 'var(--code-keyword)', fontWeight: '600'},
  {tag: [tags.string, tags.special(tags.string)], color: 'var(--code-string)'},
  {tag: [tags.number, tags.bool, tags.null], color: 'var(--code-number)'},
  {tag: tags.comment, color: 'var(--code-comment)', fontStyle: 'italic'},
  {tag: [tags.function(tags.variableName), tags.definition(tags.variableName)], color: 'var(--code-name)'},
  {tag: tags.operator, color: 'var(--code-operator)'},
  {tag: tags.heading, fontWeight: '700'},
  {tag: tags.emphasis, fontStyle: 'italic'},
  {tag: tags.strong, fontWeight: '700'},
  {tag: tags.link, color: 'var(--accent)'}
]);

const languages = {code: python, markdown, raw: () => []};

function createEditor(cell) {
  const {rootModel} = cell;
  const path = `${cell.path}.source`;
  const language = new Compartment();
  const own = {editor: cell.id};
  const source = () => String(rootModel.get(path) || '');
  const languageOf = (type) => (languages[type] || languages.raw)();

  const view = new EditorView({
    parent: cell.editor,
    state: EditorState.create({
      doc: source(),
      extensions: [
        EditorState.lineSeparator.of('\n'), // else \r\n is changed and every offset behind it is wrong
        EditorState.readOnly.of(cell.page.isViewer()),
        EditorView.contentAttributes.of({'aria-label': 'Cell source', 'spellcheck': 'false'}),
        EditorView.lineWrapping,
        history(),
        drawSelection(),
        highlightSpecialChars(),
        indentOnInput(),
        bracketMatching(),
        indentUnit.of('    '),
        placeholder('Type here'),
        syntaxHighlighting(colors),
        language.of(languageOf(cell.get('cell_type'))),
        keymap.of([...cell.page.editorKeys(cell), indentWithTab, ...defaultKeymap, ...historyKeymap]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) send(update);
          if (update.selectionSet || update.focusChanged || update.docChanged) cell.page.cursorMoved(cell, update.view);
        })
      ]
    })
  });

  function send(update) {
    if (update.transactions.some((transaction) => transaction.annotation(fromModel))) return;
    const changes = [];
    update.changes.iterChanges((from, to, _newFrom, _newTo, inserted) => {
      changes.push({from, length: to - from, text: inserted.toString()});
    });
    const model = rootModel.pass(own);
    if (typeof rootModel.get(path) !== 'string') model.set(path, '');
    for (const {from, length, text} of changes.reverse()) { // last first, so that offsets hold
      if (length) model.stringRemove(path, from, length);
      if (text) model.stringInsert(path, from, text);
    }
  }

  function receive(...args) {
    const passed = args[args.length - 1] || {};
    if (passed.editor === cell.id) return;
    const {$stringInsert: inserted, $stringRemove: removed} = passed;
    if (inserted) dispatch({from: inserted.index, insert: inserted.text});
    if (removed) dispatch({from: removed.index, to: removed.index + removed.howMany});
    mend();
  }

  function dispatch(change) {
    if (change.from > view.state.doc.length || (change.to || 0) > view.state.doc.length) return;
    view.dispatch({changes: change, annotations: [fromModel.of(true), Transaction.addToHistory.of(false)]});
  }

  // Whole values that were set, and ops that were rolled back: patch what differs.
  function mend() {
    const [shown, wanted] = [view.state.doc.toString(), source()];
    if (shown === wanted) return;
    let start = 0;
    while (start < shown.length && start < wanted.length && shown[start] === wanted[start]) start++;
    let end = 0;
    const longest = Math.min(shown.length, wanted.length) - start;
    while (end < longest && shown[shown.length - 1 - end] === wanted[wanted.length - 1 - end]) end++;
    dispatch({from: start, to: shown.length - end, insert: wanted.slice(start, wanted.length - end)});
  }

  const listener = rootModel.on('change', path, receive);

  return {
    focus: () => view.focus(),
    setLanguage: (type) => view.dispatch({effects: language.reconfigure(languageOf(type))}),
    destroy() {
      rootModel.removeListener('change', listener);
      view.destroy();
    }
  };
}

module.exports = {createEditor};
