// The documents of a notebook's widgets: which there are, and what the kernel says to their views.
import {toModel, withBlobs} from './buffers.js';
import {DocumentComm} from './comm.mjs';

const PATIENCE_MS = 5000;

export class WidgetDocuments {
  constructor({connection, notebookId, base, viewer}) {
    this.viewer = viewer;
    this.blobs = `${base}/derby/notebooks/${notebookId}/blobs`;
    this.docs = new Map();
    this.asking = new Map();
    this.comms = new Map();
    this.back = new Set();
    this.followLine(connection);
    const query = connection.createSubscribeQuery('widgets', {_notebook: notebookId});
    query.on('error', (error) => console.warn('Widgets cannot be followed:', error.message));
    query.on('ready', () => query.results.forEach((doc) => this.add(doc)));
    query.on('insert', (docs) => docs.forEach((doc) => this.add(doc)));
    query.on('remove', (docs) => docs.forEach((doc) => this.remove(doc)));
    const presence = connection.getPresence(`widgets:${notebookId}`);
    presence.on('receive', (id, value) => {
      for (const message of (value && value.messages) || []) {
        for (const comm of this.comms.get(message.comm) || []) comm.say(message);
      }
    });
    // What a view asks for when it is made must not be answered before the answer can be heard.
    this.ready = Promise.all([
      new Promise((resolve) => query.once('ready', resolve)),
      new Promise((resolve) => presence.subscribe((error) => {
        if (error) console.warn('Widgets cannot be heard:', error.message);
        resolve();
      }))
    ]);
  }

  // While the line is broken, what the kernel says to views is missed: only values are in documents.
  followLine(connection) {
    let broken = false;
    connection.on('disconnected', () => (broken = true));
    connection.on('connected', () => {
      if (!broken) return;
      broken = false;
      for (const tell of this.back) tell();
    });
  }

  // Has `tell()` called each time the line stands again; returns what ends that.
  onBack(tell) {
    this.back.add(tell);
    return () => this.back.delete(tell);
  }

  add(doc) {
    const id = doc.data && doc.data.comm_id;
    if (!id) return;
    this.docs.set(id, doc);
    for (const resolve of this.asking.get(id) || []) resolve(doc);
    this.asking.delete(id);
  }

  remove(doc) {
    for (const [id, known] of this.docs) if (known === doc) this.docs.delete(id);
  }

  // What a manager makes a model of: its names, its values and a comm of its own; null if it is not there.
  async open(id) {
    const doc = await this.find(id);
    if (!doc) return null;
    const {model_name, model_module, model_module_version = '*', state} = doc.data;
    const load = (digest) => this.load(digest);
    const comm = new DocumentComm(doc, () => !this.viewer, load);
    if (!this.comms.has(id)) this.comms.set(id, new Set());
    this.comms.get(id).add(comm);
    comm.onClose = () => this.comms.get(id)?.delete(comm);
    return {model_name, model_module, model_module_version, state: toModel(await withBlobs(state, load)), comm};
  }

  // The base64 of a large value, which is kept beside the documents.
  async load(digest) {
    const response = await fetch(`${this.blobs}/${encodeURIComponent(digest)}?type=text%2Fplain`);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.text();
  }

  // A model's document, which may come a moment after what shows it; null if it does not come.
  async find(id) {
    await this.ready;
    if (this.docs.has(id)) return this.docs.get(id);
    return new Promise((resolve) => {
      if (!this.asking.has(id)) this.asking.set(id, []);
      this.asking.get(id).push(resolve);
      setTimeout(() => resolve(null), PATIENCE_MS);
    });
  }
}
