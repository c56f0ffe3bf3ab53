// Completion and help as the kernel knows them.
import {autocompletion, startCompletion} from '@codemirror/autocomplete';
import {StateEffect, StateField} from '@codemirror/state';
import {EditorView, keymap, showTooltip} from '@codemirror/view';
import {toUtf16, toCodePoints} from './positions.js';
import {askKernel} from './ask.js';

const isCode = (cell) => cell.get('cell_type') === 'code';

// What the kernel offers at a place; none if it does not answer.
function source(cell) {
  return async (context) => {
    const code = context.state.doc.toString();
    const before = context.matchBefore(/[\w.%]+$/);
    if (!isCode(cell) || !context.explicit && !(before && /\.\w*$/.test(before.text))) return null;
    const reply = await askKernel(cell, 'complete', {code, cursor_pos: toCodePoints(code, context.pos)});
    if (!reply || context.aborted || !reply.matches || !reply.matches.length) return null;
    const types = (reply.metadata && reply.metadata._jupyter_types_experimental) || [];
    return {
      from: toUtf16(code, reply.cursor_start),
      to: toUtf16(code, reply.cursor_end),
      options: reply.matches.map((label, index) => ({
        label,
        boost: -index / reply.matches.length,
        type: (types[index] && types[index].type) || undefined,
        detail: (types[index] && types[index].signature) || undefined
      })),
      validFor: /^[\w.%]*$/
    };
  };
}

const setHelp = StateEffect.define();

const help = StateField.define({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setHelp)) return effect.value;
    return transaction.docChanged || transaction.selection ? null : value;
  },
  provide: (field) => showTooltip.from(field)
});

function helpTooltip(pos, text, drawn) {
  return {
    pos,
    above: false,
    create() {
      const dom = document.createElement('div');
      dom.className = 'kernel-help';
      dom.tabIndex = 0;
      dom.append(drawn(text));
      return {dom};
    }
  };
}

function inspect(cell) {
  return (view) => {
    const {main} = view.state.selection;
    const line = view.state.doc.lineAt(main.head);
    const typed = line.text.slice(0, main.head - line.from);
    if (!isCode(cell) || !/\S/.test(typed)) return false;
    const code = view.state.doc.toString();
    askKernel(cell, 'inspect', {code, cursor_pos: toCodePoints(code, main.head), detail_level: 0}).then(async (reply) => {
      const text = reply && reply.found && reply.data && reply.data['text/plain'];
      if (!text) return;
      const {ansi} = await import('../outputs/ansi.js').then((module) => module.default || module);
      view.dispatch({effects: setHelp.of(helpTooltip(main.head, text, ansi))});
    });
    return true;
  };
}

// Tab completes after a word and indents elsewhere, as in Jupyter.
function complete(cell) {
  return (view) => {
    const {main} = view.state.selection;
    const before = view.state.doc.sliceString(Math.max(0, main.head - 1), main.head);
    if (!isCode(cell) || !main.empty || !/[\w.%]/.test(before)) return false;
    return startCompletion(view);
  };
}

export function kernelCompletion(cell) {
  return [
    autocompletion({override: [source(cell)], icons: false, activateOnTypingDelay: 150}),
    help,
    keymap.of([
      {key: 'Tab', run: complete(cell)},
      {key: 'Shift-Tab', run: inspect(cell)},
      {key: 'Escape', run: (view) => {
        if (!view.state.field(help)) return false;
        view.dispatch({effects: setHelp.of(null)});
        return true;
      }}
    ]),
    EditorView.domEventHandlers({
      blur: (event, view) => {
        if (view.state.field(help) && !(event.relatedTarget && event.relatedTarget.closest('.kernel-help'))) {
          view.dispatch({effects: setHelp.of(null)});
        }
      }
    })
  ];
}
