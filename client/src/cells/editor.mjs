// A cell's CodeMirror editor: what it can do, and how it comes and goes.
import {Compartment, EditorState, Prec} from '@codemirror/state';
import {
  EditorView, crosshairCursor, drawSelection, dropCursor, highlightSpecialChars, keymap, lineNumbers, placeholder,
  rectangularSelection, tooltips
} from '@codemirror/view';
import {defaultKeymap, history, historyKeymap, indentWithTab} from '@codemirror/commands';
import {closeBrackets, closeBracketsKeymap, completionKeymap} from '@codemirror/autocomplete';
import {bracketMatching, indentOnInput, indentUnit, syntaxHighlighting} from '@codemirror/language';
import {selectNextOccurrence, selectSelectionMatches} from '@codemirror/search';
import {classHighlighter} from '@lezer/highlight';
import {enclose, release} from './enclosure.js';
import {bindText, fromModel} from './binding.mjs';
import {indentGuides} from './indent-guides.mjs';
import {languageOf} from './languages.mjs';
import {attachmentDrop} from './attachment-drop.mjs';
import {remoteCursors, setCursors} from '../people/cursors.mjs';
import {kernelCompletion} from '../kernel/complete.mjs';
import {foundMarks, setFound} from '../search/marks.mjs';

export {coloured, highlighted} from './highlight.mjs';

const searchKeys = [
  {key: 'Mod-d', run: selectNextOccurrence, preventDefault: true},
  {key: 'Mod-Shift-l', run: selectSelectionMatches}
];

export function createEditor(cell) {
  const {page} = cell;
  const language = new Compartment();
  const numbers = new Compartment();
  const hint = new Compartment();
  const hintOf = (type) => placeholder(type === 'markdown' ? 'Markdown' : type === 'raw' ? 'Raw text' : '');
  const spoken = languageOf(cell.get('cell_type'), page.language());
  const loads = spoken instanceof Promise;
  let binding = null;

  const state = EditorState.create({
    doc: String(cell.get('source') || ''),
    extensions: [
      EditorState.lineSeparator.of('\n'), // else \r\n is changed and every offset behind it is wrong
      EditorState.readOnly.of(page.isViewer()),
      EditorState.allowMultipleSelections.of(true),
      EditorView.contentAttributes.of({'aria-label': 'Cell source', 'spellcheck': 'false'}),
      EditorView.lineWrapping,
      EditorView.perLineTextDirection.of(true),
      tooltips({parent: document.getElementById('tooltips') || document.body, position: 'fixed'}),
      history(),
      drawSelection(),
      dropCursor(),
      rectangularSelection(),
      crosshairCursor(),
      highlightSpecialChars(),
      indentOnInput(),
      bracketMatching(),
      closeBrackets(),
      indentUnit.of('    '),
      indentGuides,
      syntaxHighlighting(classHighlighter),
      hint.of(hintOf(cell.get('cell_type'))),
      numbers.of(cell.numbered ? lineNumbers() : []),
      language.of(loads ? [] : spoken),
      remoteCursors,
      foundMarks,
      kernelCompletion(cell),
      attachmentDrop(cell),
      Prec.highest(EditorView.domEventHandlers({keydown: (event, view) => page.editKey(event, cell, view)})),
      keymap.of([
        ...completionKeymap, ...closeBracketsKeymap, ...searchKeys, indentWithTab, ...defaultKeymap, ...historyKeymap
      ]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) binding.send(update);
        const remote = update.transactions.some((transaction) => transaction.annotation(fromModel));
        if ((update.selectionSet || update.docChanged) && !remote || update.focusChanged) page.cursorMoved(cell, update.view);
      })
    ]
  });

  const editor = {
    view: null,
    resting: state,

    get state() {
      return this.view ? this.view.state : this.resting;
    },

    // Applies a change wherever the text is now.
    apply(spec) {
      if (this.view) this.view.dispatch(spec);
      else this.resting = this.resting.update(spec).state;
    },

    show(place) {
      place.replaceChildren();
      this.view = new EditorView({state: this.resting, parent: place, root: document}); // not the blocks' shadow tree
      enclose(place, this.view.dom);
      this.showCursors(page.cursorsIn(cell.id));
    },

    hide() {
      this.resting = this.view.state;
      this.takeDown();
    },

    // Puts the caret at a position, at a point on the screen, or where it was.
    focus(at) {
      const {view} = this;
      if (!view) return;
      if (at && at.x !== undefined) {
        const head = view.posAtCoords(at, false);
        view.dispatch({selection: {anchor: head}});
      } else if (at === 'start' || at === 'end') {
        view.dispatch({selection: {anchor: at === 'start' ? 0 : view.state.doc.length}, scrollIntoView: true});
      } else if (at && at.anchor !== undefined) {
        const clip = (offset) => Math.min(offset, view.state.doc.length);
        view.dispatch({selection: {anchor: clip(at.anchor), head: clip(at.head)}, scrollIntoView: true});
      }
      view.focus();
    },

    async setLanguage(type) {
      const extension = await languageOf(type, page.language());
      this.apply({effects: [language.reconfigure(extension), hint.reconfigure(hintOf(type))]});
    },

    setNumbered(on) {
      this.apply({effects: numbers.reconfigure(on ? lineNumbers() : [])});
    },

    showCursors(cursors) {
      if (this.view) this.view.dispatch({effects: setCursors.of(cursors)});
    },

    showFound(ranges) {
      if (this.view) this.view.dispatch({effects: setFound.of(ranges)});
    },

    destroy() {
      binding.stop();
      if (this.view) this.takeDown();
    },

    takeDown() {
      release(cell.editor, this.view.dom);
      this.view.destroy();
      this.view = null;
    }
  };

  binding = bindText(cell.rootModel, `${cell.path}.source`, cell.id, editor);
  if (loads) editor.setLanguage(cell.get('cell_type'));
  return editor;
}
