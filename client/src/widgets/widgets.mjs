// What a page loads when the first widget is there: the models of its notebook, and their views.
/* global WIDGETS_CSS */
import {Widget} from '@lumino/widgets';
import {MessageLoop} from '@lumino/messaging';
import {WidgetDocuments} from './documents.mjs';
import {DocumentManager, isKnown} from './manager.mjs';
import {nameHandles} from './names.mjs';

const managers = new Map();

function managerOf(context) {
  const {notebookId, connection} = context;
  if (!managers.has(notebookId)) {
    const documents = new WidgetDocuments(connection, notebookId);
    managers.set(notebookId, new DocumentManager(documents, context));
    loadStyles();
  }
  return managers.get(notebookId);
}

function loadStyles() {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = new URL(WIDGETS_CSS, import.meta.url).href;
  document.head.append(link);
}

// Shows a model in an element; returns what takes the view down. Throws an `Error` that says, in
// words, why it cannot be shown.
export async function show(element, modelId, context) {
  const manager = managerOf(context);
  const doc = await manager.documents.find(modelId);
  if (!doc) throw new Error('This widget is not there any more. Run its cell to make it anew.');
  const foreign = [...modulesOf(manager.documents.docs, modelId)].filter((module) => !isKnown(module));
  if (foreign.length) throw new Error(`This widget needs JavaScript that this page does not have: ${foreign.join(', ')}.`);
  const model = await manager.get_model(modelId);
  const view = await manager.create_view(model);
  const note = document.createElement('p');
  note.className = 'widget-note';
  const say = () => {
    note.textContent = manager.comms.get(modelId)?.live === false
      ? 'The kernel of this widget is gone: this is its last state. Run the cell to use it again.' : '';
    note.hidden = !note.textContent;
  };
  view.listenTo(model, 'comm_live_update', say);
  say();
  await connected(element);
  MessageLoop.sendMessage(view.luminoWidget, Widget.Msg.BeforeAttach);
  element.replaceChildren(view.el, note);
  MessageLoop.sendMessage(view.luminoWidget, Widget.Msg.AfterAttach);
  const stopNaming = nameHandles(element);
  return () => {
    stopNaming();
    view.remove();
  };
}

// The modules of a model and of all it refers to.
function modulesOf(docs, id, found = new Set(), seen = new Set()) {
  const doc = docs.get(id);
  if (!doc || !doc.data || seen.has(id)) return found;
  seen.add(id);
  found.add(doc.data.model_module);
  for (const [, other] of JSON.stringify(doc.data.state).matchAll(/"IPY_MODEL_([^"]+)"/g)) modulesOf(docs, other, found, seen);
  return found;
}

// Lumino wants to know when a view gets into the page, and what it shows measures itself then.
async function connected(element) {
  for (let frames = 0; !element.isConnected && frames < 600; frames++) await new Promise(requestAnimationFrame);
}
