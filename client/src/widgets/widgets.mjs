// What a page loads when the first widget is there: the models of its notebook, and their views.
/* global WIDGETS_CSS */
import {WidgetDocuments} from './documents.mjs';
import {showForeign} from './foreign.mjs';
import {WidgetManager} from './manager.mjs';
import {MODULES, classIn} from './modules.mjs';
import {mount} from './mount.mjs';

const GONE = 'The kernel of this widget is gone: this is its last state. Run the cell to use it again.';

const managers = new Map();

function managerOf(context) {
  const {notebookId} = context;
  if (!managers.has(notebookId)) {
    const documents = new WidgetDocuments(context);
    const load = async (name, module) => classIn(MODULES[module], name, module);
    managers.set(notebookId, new WidgetManager(documents, load));
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
  const doc = await manager.source.find(modelId);
  if (!doc) throw new Error('This widget is not there any more. Run its cell to make it anew.');
  const place = document.createElement('div');
  const note = document.createElement('p');
  note.className = 'widget-note';
  const say = () => {
    note.textContent = doc.data && doc.data._live ? '' : GONE;
    note.hidden = !note.textContent;
  };
  say();
  doc.on('op', say);
  element.replaceChildren(place, note);
  const foreign = [...modulesOf(manager.source.docs, modelId)].some((module) => !(module in MODULES));
  const take = foreign
    ? await showForeign(place, modelId, manager.source, context) : await mount(place, manager, modelId, context);
  return () => {
    doc.removeListener('op', say);
    take();
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
