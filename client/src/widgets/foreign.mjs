// Widgets whose JavaScript is not the page's own run in a frame with no way into the page.
//
// The frame has a manager of its own; its comms end here, at the documents. Its scripts are those
// that the Jupyter Server serves for the module: fetched here, since the frame has no cookies.
import {announcedHeight} from '../outputs/frame.js';

const MODULE = /^(@[\w.-]+\/)?\w[\w.-]*$/;
const PALETTE = ['ink', 'quiet', 'page', 'paper', 'field', 'line', 'edge', 'accent', 'accent-ink', 'wash', 'hover',
  'good', 'warn', 'bad', 'sans', 'mono'];

export function showForeign(place, modelId, documents, context) {
  if (!context.trusted) return offered(place, modelId, documents, context);
  const frame = document.createElement('iframe');
  frame.className = 'output-frame widget-frame';
  frame.title = 'Widget';
  frame.setAttribute('sandbox', 'allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads');
  frame.src = `${context.base}/derby/static/widget-frame.html`;
  const side = new FrameSide(frame, modelId, documents, context);
  place.replaceChildren(frame);
  return () => side.close();
}

// What came with the file runs when somebody asks for it.
function offered(place, modelId, documents, context) {
  let take = () => {};
  const note = document.createElement('p');
  note.className = 'untrusted';
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'link';
  button.textContent = 'Run it in a sandbox';
  button.addEventListener('click', () => {
    take = showForeign(place, modelId, documents, {...context, trusted: true});
  });
  note.append('This widget came with the file and brings JavaScript, which was not run. ', button);
  place.replaceChildren(note);
  return () => take();
}

class FrameSide {
  constructor(frame, modelId, documents, context) {
    this.frame = frame;
    this.modelId = modelId;
    this.documents = documents;
    this.context = context;
    this.comms = new Map();
    this.listen = ({source, data}) => {
      if (source === frame.contentWindow && data && this[`on_${data.kind}`]) this[`on_${data.kind}`](data);
    };
    window.addEventListener('message', this.listen);
    this.unfollow = documents.onBack(() => this.missed());
  }

  close() {
    this.unfollow();
    window.removeEventListener('message', this.listen);
    this.closeComms();
    this.frame.remove();
  }

  closeComms() {
    for (const comm of this.comms.values()) comm.close();
    this.comms.clear();
  }

  // A plot that builds each picture on the last stands still once it has missed one. What starts
  // anew asks its kernel for all of it, as with somebody who comes late.
  missed() {
    if (![...this.comms.values()].some((comm) => comm.spokenTo)) return;
    this.closeComms();
    this.frame.src = this.frame.src;
  }

  post(message) {
    if (this.frame.contentWindow) this.frame.contentWindow.postMessage(message, '*'); // it has no origin to name
  }

  on_ready() {
    const style = getComputedStyle(document.documentElement);
    const palette = Object.fromEntries(PALETTE.map((name) => [`--${name}`, style.getPropertyValue(`--${name}`)]));
    this.post({kind: 'show', model: this.modelId, palette, scheme: style.colorScheme,
      base: new URL(`${this.context.base}/`, location.href).href});
  }

  on_height({height}) {
    const shown = announcedHeight(height);
    if (shown) this.frame.style.height = `${shown}px`;
  }

  // A model: its values go over, and from then on what its comm hears.
  async on_open({id}) {
    const found = await this.documents.open(id);
    if (!found) return this.post({kind: 'opened', id, model: null});
    const {comm, ...model} = found;
    this.comms.set(id, comm);
    comm.on_msg(({content, buffers}) => this.post({kind: 'heard', id, data: content.data, buffers}));
    comm.on_close(() => this.post({kind: 'closed', id}));
    comm.onLive = (live, disabled) => this.post({kind: 'live', id, live, mayTouch: comm.mayTouch(), disabled});
    this.post({kind: 'opened', id, model, live: comm.live, mayTouch: comm.mayTouch()});
  }

  on_send({id, number, data, buffers}) {
    const comm = this.comms.get(id);
    if (comm) comm.send(data, {iopub: {status: () => this.post({kind: 'sent', number})}}, {}, buffers || []);
  }

  async on_module({module}) {
    let code = null;
    if (MODULE.test(module)) {
      const response = await fetch(`${this.context.base}/nbextensions/${module}/index.js`).catch(() => null);
      const isScript = response && response.ok && /javascript/.test(response.headers.get('content-type') || '');
      if (isScript) code = await response.text();
    }
    this.post({kind: 'module', module, code});
  }
}
