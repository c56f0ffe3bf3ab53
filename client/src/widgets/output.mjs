// The Output widget: what it captured comes with its state, and is drawn as a cell's outputs are.
import {DOMWidgetModel, DOMWidgetView} from '@jupyter-widgets/base';
import {renderOutputs} from '../outputs/render.js';

class OutputModel extends DOMWidgetModel {
  defaults() {
    return {
      ...super.defaults(),
      _model_name: 'OutputModel', _model_module: '@jupyter-widgets/output', _model_module_version: '1.0.0',
      _view_name: 'OutputView', _view_module: '@jupyter-widgets/output', _view_module_version: '1.0.0',
      msg_id: '', outputs: []
    };
  }
}

class OutputView extends DOMWidgetView {
  render() {
    super.render();
    this.el.classList.add('widget-outputs');
    this.listenTo(this.model, 'change:outputs', this.draw);
    this.draw();
  }

  // That of the cell which shows it, by the view that is mounted there.
  get context() {
    let {options} = this;
    while (options.parent) ({options} = options.parent);
    return options.context;
  }

  draw() {
    renderOutputs(this.el, this.model.get('outputs') || [], this.context);
  }

  remove() {
    renderOutputs(this.el, [], this.context);
    return super.remove();
  }
}

export const outputModule = {OutputModel, OutputView};
