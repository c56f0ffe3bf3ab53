// Loads the bundles that widget packages install for notebooks: AMD modules, by `define`.

export class AmdLoader {
  // `known` are modules that are there already; `ask(module)` has a module's code come to `receive`.
  constructor(known, ask) {
    this.ask = ask;
    this.waiting = new Map();
    this.modules = new Map(Object.entries(known).map(([name, module]) => [name, Promise.resolve(module)]));
    window.define = (...args) => (this.defined = args);
    window.define.amd = {};
    window.requirejs = window.require = {config() {}};
  }

  load(module) {
    if (!this.modules.has(module)) {
      const code = new Promise((resolve) => this.waiting.set(module, resolve));
      this.modules.set(module, code.then((text) => this.run(module, text)));
      this.ask(module);
    }
    return this.modules.get(module);
  }

  receive(module, code) {
    const resolve = this.waiting.get(module);
    if (resolve) resolve(code);
  }

  async run(module, code) {
    if (code === null) {
      throw new Error(`it needs the JavaScript of ${module}, which the Jupyter Server does not have. Install the package where Jupyter runs, too`);
    }
    this.defined = null;
    const script = document.createElement('script');
    script.textContent = `${code}\n//# sourceURL=${module}.js`;
    document.head.append(script); // runs at once
    if (!this.defined) throw new Error(`the JavaScript of ${module} defines no module`);
    const factory = this.defined[this.defined.length - 1];
    const names = this.defined.find(Array.isArray) || [];
    const exports = {};
    const special = {exports, module: {id: module, exports}, require: (name) => this.load(name)};
    const needed = await Promise.all(names.map((name) => special[name] || this.load(name)));
    const result = typeof factory === 'function' ? factory(...needed) : factory;
    return result === undefined ? special.module.exports : result;
  }
}
