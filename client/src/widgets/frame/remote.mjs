// The frame's end of the comms, whose other end the page around it holds.

import {Turns} from './turns.mjs';

const processed = {content: {execution_state: 'idle'}};

class RemoteComm {
  constructor(id, post, {live, mayTouch}) {
    this.comm_id = id;
    this.target_name = 'jupyter.widget';
    this.post = post;
    this.live = live;
    this.may = mayTouch;
    this.sent = new Map();
    this.count = 0;
    this.onLive = () => {};
    this.turns = new Turns(
      (message) => this.received && this.received(message),
      () => Object.values(this.model || {}).filter((value) => value instanceof HTMLImageElement && !value.complete));
  }

  mayTouch() {
    return this.may;
  }

  send(data, callbacks, metadata, buffers = []) {
    const number = `${this.comm_id}/${this.count++}`;
    const tell = callbacks && callbacks.iopub && callbacks.iopub.status;
    if (tell) this.sent.set(number, tell);
    this.post({kind: 'send', id: this.comm_id, number, data, buffers: [...buffers]});
    return number;
  }

  acknowledge(number) {
    const tell = this.sent.get(number);
    this.sent.delete(number);
    if (tell) tell(processed);
  }

  on_msg(callback) {
    this.received = callback;
  }

  on_close(callback) {
    this.closed = callback;
  }

  open() {
    return '';
  }

  close() {
    return '';
  }
}

export class RemoteModels {
  constructor(post) {
    this.post = post;
    this.comms = new Map();
    this.asked = new Map();
    const known = (id, act) => this.comms.has(id) && act(this.comms.get(id));
    // What the page says, by kind.
    this.kinds = {
      opened: (message) => this.opened(message),
      heard: ({id, data, buffers}) => known(id, (comm) => comm.turns.put({content: {data}, buffers})),
      sent: ({number}) => known(number.slice(0, number.lastIndexOf('/')), (comm) => comm.acknowledge(number)),
      closed: ({id}) => known(id, (comm) => comm.closed && comm.closed({content: {}})),
      live: ({id, live, mayTouch, disabled}) => known(id, (comm) => {
        Object.assign(comm, {live, may: mayTouch});
        comm.onLive(live, disabled);
      })
    };
  }

  open(id) {
    if (!this.asked.has(id)) {
      let resolve;
      const promise = new Promise((done) => (resolve = done));
      this.asked.set(id, {promise, resolve});
      this.post({kind: 'open', id});
    }
    return this.asked.get(id).promise;
  }

  opened({id, model, live, mayTouch}) {
    const comm = new RemoteComm(id, this.post, {live, mayTouch});
    if (model) this.comms.set(id, comm);
    this.asked.get(id).resolve(model && {...model, comm});
  }
}
