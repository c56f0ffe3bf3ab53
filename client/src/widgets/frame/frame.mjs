// Runs inside the frame: a manager whose models come from the page around it.
import {WidgetManager} from '../manager.mjs';
import {mount} from '../mount.mjs';
import {MODULES, classIn} from '../modules.mjs';
import {AmdLoader} from './amd.mjs';
import {RemoteModels} from './remote.mjs';

const post = (message) => parent.postMessage(message, '*');
const models = new RemoteModels(post);
const loader = new AmdLoader(MODULES, (module) => post({kind: 'module', module}));
const place = document.getElementById('widget');

const kinds = {
  ...models.kinds,
  module: ({module, code}) => loader.receive(module, code),
  async show({model, palette, scheme, base}) {
    for (const [name, value] of Object.entries(palette)) document.documentElement.style.setProperty(name, value);
    document.documentElement.style.colorScheme = scheme;
    document.body.dataset.baseUrl = base; // where bundles look for their other files
    const load = async (name, module) => classIn(await loader.load(module), name, module);
    try {
      await mount(place, new WidgetManager(models, load), model, {trusted: true, base, notebookId: ''});
    } catch (error) {
      place.textContent = `This widget cannot be shown: ${error.message}`;
    }
  }
};

addEventListener('message', ({source, data}) => {
  if (source === parent && data && kinds[data.kind]) kinds[data.kind](data);
});

const tell = () => post({kind: 'height', height: Math.ceil(document.documentElement.getBoundingClientRect().height)});
new ResizeObserver(tell).observe(document.body);
addEventListener('load', tell, true);
post({kind: 'ready'});
