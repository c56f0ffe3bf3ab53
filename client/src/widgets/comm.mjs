// One model's comm, whose other end is its document in `widgets`.
import {filled, fromBase64, hasBlobs, toDocument, toModel, withBlobs} from './buffers.js';
import {Outbox} from './outbox.js';

let count = 0;

const processed = {content: {execution_state: 'idle'}};

export class DocumentComm {
  // `mayWrite()` says whether the person may change anything; `load(digest)` gets what is beside the document.
  constructor(doc, mayWrite, load) {
    this.doc = doc;
    this.load = load;
    this.loading = null;
    this.comm_id = doc.data.comm_id;
    this.target_name = 'jupyter.widget';
    this.mayWrite = mayWrite;
    this.outbox = new Outbox((values, messages) => this.submit(values, messages));
    this.spokenTo = false;
    this.onLive = () => {};
    this.onClose = () => {};
    this.follow = (op, mine) => mine || this.receive(op);
    this.gone = () => {
      if (this.closed) this.closed({content: {}});
      this.close();
    };
    doc.on('op', this.follow);
    doc.on('del', this.gone);
  }

  get live() {
    return Boolean(this.doc.data && this.doc.data._live);
  }

  mayTouch() {
    return this.live && this.mayWrite();
  }

  // --- from the model ---

  send(data, callbacks, metadata, buffers = []) {
    const id = `${Date.now().toString(36)}-${(count++).toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
    this.sent(id, data, buffers);
    const tell = callbacks && callbacks.iopub && callbacks.iopub.status;
    // A model keeps back what it has to say until it hears that the last was heard. What it would
    // say is better in the outbox: there it is not replaced by what others wrote before.
    if (tell) queueMicrotask(() => tell(processed));
    return id;
  }

  async sent(id, data, buffers) {
    if (data.method === 'request_state') return this.tell(Object.keys(this.doc.data.state));
    if (!this.mayTouch()) return undefined;
    if (data.method === 'custom') {
      const message = {id, content: data.content};
      if (buffers.length) message.buffers = toDocument([...buffers]);
      return this.outbox.send(message);
    }
    if (data.method === 'update') return this.outbox.write(toDocument(filled(data.state, data.buffer_paths, buffers)));
    return undefined;
  }

  submit(values, messages) {
    const {state, _custom: waiting = []} = this.doc.data || {state: {}};
    const op = Object.entries(values)
      .filter(([key, value]) => JSON.stringify(state[key]) !== JSON.stringify(value))
      .map(([key, value]) => ({p: ['state', key], oi: value}));
    messages.forEach((message, index) => op.push({p: ['_custom', waiting.length + index], li: message}));
    if (!op.length || !this.doc.type) return Promise.resolve();
    return new Promise((resolve, reject) => this.doc.submitOp(op, {}, (error) => {
      if (!error) return resolve();
      this.tell(Object.keys(values)); // back to what everybody else sees
      return reject(error);
    }));
  }

  // --- to the model ---

  on_msg(callback) {
    this.received = callback;
  }

  on_close(callback) {
    this.closed = callback;
  }

  receive(op) {
    if (op.some(({p}) => p[0] === '_live')) this.onLive(this.live, Boolean(this.doc.data.state.disabled));
    const keys = new Set(op.filter(({p}) => p[0] === 'state' && p.length > 1).map(({p}) => p[1]));
    this.tell([...keys].filter((key) => !this.outbox.has(key)));
  }

  tell(keys) {
    const {state = {}} = this.doc.data || {};
    const known = keys.filter((key) => key in state && (key !== 'disabled' || this.mayTouch()));
    if (!known.length || !this.received) return;
    const values = Object.fromEntries(known.map((key) => [key, state[key]]));
    if (!this.loading && !hasBlobs(values)) return this.deliver(values);
    // What comes later waits, so that it is not overtaken.
    const done = this.loading = (this.loading || Promise.resolve())
      .then(() => withBlobs(values, this.load))
      .then((whole) => this.deliver(whole), (error) => console.warn('A value of a widget did not come:', error.message))
      .then(() => {
        if (this.loading === done) this.loading = null;
      });
  }

  deliver(document) {
    const values = toModel(document);
    this.received({content: {data: {method: 'update', state: values, buffer_paths: []}}, buffers: []});
  }

  say({content, buffers = []}) {
    this.spokenTo = true;
    if (!this.received) return;
    this.received({content: {data: {method: 'custom', content}}, buffers: buffers.map(fromBase64)});
  }

  open() {
    return '';
  }

  close() {
    this.doc.removeListener('op', this.follow);
    this.doc.removeListener('del', this.gone);
    this.onClose();
    return '';
  }
}
