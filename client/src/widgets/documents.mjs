// The documents of a notebook's widgets: which there are, and what the kernel says to their views.

const PATIENCE_MS = 5000;

export class WidgetDocuments {
  constructor(connection, notebookId) {
    this.docs = new Map();
    this.asking = new Map();
    this.onMessage = () => {};
    const query = connection.createSubscribeQuery('widgets', {_notebook: notebookId});
    query.on('error', (error) => console.warn('Widgets cannot be followed:', error.message));
    this.ready = new Promise((resolve) => query.once('ready', resolve));
    query.on('ready', () => query.results.forEach((doc) => this.add(doc)));
    query.on('insert', (docs) => docs.forEach((doc) => this.add(doc)));
    query.on('remove', (docs) => docs.forEach((doc) => this.remove(doc)));
    const presence = connection.getPresence(`widgets:${notebookId}`);
    presence.on('receive', (id, value) => {
      for (const message of (value && value.messages) || []) this.onMessage(message);
    });
    presence.subscribe((error) => error && console.warn('Widgets cannot be heard:', error.message));
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
