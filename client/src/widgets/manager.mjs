// Makes ipywidgets' own models and views of what a source has: documents, or the page around a frame.
import {ManagerBase} from '@jupyter-widgets/base-manager';

export class WidgetManager extends ManagerBase {
  // `source.open(id)` returns a promise for {model_name, model_module, model_module_version, state, comm}
  // or null; a comm has `live` and `mayTouch()`. `load(name, module)` returns a class.
  constructor(source, load) {
    super();
    this.source = source;
    this.load = load;
    this.comms = new Map();
  }

  loadClass(name, module) {
    return this.load(name, module);
  }

  async get_model(id) {
    if (!this.has_model(id)) {
      const found = await this.source.open(id);
      if (!found) throw new Error('The widget is not there');
      if (!this.has_model(id)) this.make(id, found);
    }
    return this._models[id];
  }

  make(id, {comm, state, ...names}) {
    this.comms.set(id, comm);
    // What nobody here may change is shown as its own class shows what is disabled.
    const values = {...state, ...(comm.mayTouch() ? {} : {disabled: true})};
    this.new_model({...names, model_id: id, comm}, values).then((model) => {
      comm.model = model;
      model.comm_live = comm.live;
      comm.onLive = (live, disabled) => {
        model.comm_live = live;
        model.set('disabled', comm.mayTouch() ? disabled : true);
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
