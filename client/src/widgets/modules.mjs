// The modules of widgets that come with the page.
import * as base from '@jupyter-widgets/base';
import * as controls from '@jupyter-widgets/controls';
import {outputModule} from './output.mjs';
import {ours} from './overrides.mjs';

// Its own takes names that came with the file for HTML.
base.ErrorWidgetView.prototype.render = function() {
  const {msg, stack} = this.generateErrorMessage();
  this.el.className = 'widget-note';
  this.el.textContent = `${msg}.`;
  this.el.title = stack.split('\n')[0];
};

export const MODULES = {
  '@jupyter-widgets/base': base,
  '@jupyter-widgets/controls': {...controls, ...ours},
  '@jupyter-widgets/output': outputModule
};

export function classIn(found, name, module) {
  if (!found || !found[name]) throw new Error(`There is no ${name} in ${module}`);
  return found[name];
}
