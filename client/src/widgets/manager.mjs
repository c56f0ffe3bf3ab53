// Makes ipywidgets' own models and views from the documents.
import * as base from '@jupyter-widgets/base';
import * as controls from '@jupyter-widgets/controls';
import {ManagerBase} from '@jupyter-widgets/base-manager';
import {toModel} from './buffers.js';
import {DocumentComm} from './comm.mjs';
import {outputModule} from './output.mjs';
import {ours} from './overrides.mjs';

const MODULES = {
  '@jupyter-widgets/base': base,
  '@jupyter-widgets/controls': {...controls, ...ours},
  '@jupyter-widgets/output': outputModule
};

export const isKnown = (module) => module in MODULES;

export class DocumentManager extends ManagerBase {
  // `context` is that of the outputs: what Output widgets show is drawn by it.
  constructor(documents, context) {
    super();
    this.documents = documents;
    this.context = context;
    this.comms = new Map();
    documents.onMessage = (message) => {
      const comm = this.comms.get(message.comm);
      if (comm) comm.say(message);
    };
  }

  async loadClass(name, module) {
    const found = MODULES[module] && MODULES[module][name];
    if (!found) throw new Error(`There is no ${name} in ${module}`);
    return found;
  }

  async get_model(id) {
    if (!this.has_model(id)) {
      const doc = await this.documents.find(id);
      if (!doc) throw new Error('The widget is not there');
      if (!this.has_model(id)) this.make(doc);
    }
    return this._models[id];
  }

  make(doc) {
    const {comm_id: id, model_name, model_module, model_module_version = '*', state} = doc.data;
    const comm = new DocumentComm(doc, () => !this.context.viewer);
    this.comms.set(id, comm);
    const mayTouch = () => comm.live && !this.context.viewer;
    const tell = comm.tell;
    // What nobody here may change is shown as its own class shows what is disabled.
    comm.tell = (keys) => tell.call(comm, mayTouch() ? keys : keys.filter((key) => key !== 'disabled'));
    const values = {...toModel(state), ...(mayTouch() ? {} : {disabled: true})};
    const options = {model_name, model_module, model_module_version, model_id: id, comm};
    this.new_model(options, values).then((model) => {
      model.comm_live = comm.live;
      comm.onLive = (live) => {
        model.comm_live = live;
        model.set('disabled', mayTouch() ? toModel(doc.data.state).disabled || false : true);
      };
      model.once('comm:close', () => this.comms.delete(id));
    });
  }

  async _create_comm() {
    throw new Error('Widgets are made by the kernel');
  }

  async _get_comm_info() {
    return {};
  }
}
