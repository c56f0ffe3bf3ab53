'use strict';
// Builds the page's scripts and styles into the Python package that serves them.
//
// Derby compiles its views by loading the application once in Node, as a server would; the
// result takes the place of Derby's empty views module in the bundle. What the first paint does
// not need is in chunks that `import()` loads. Files carry a hash of their contents in their
// names, and manifest.json says which is which.
process.env.NODE_ENV = 'production'; // else Derby's file watchers keep Node alive

const esbuild = require('esbuild');
const fs = require('node:fs');
const path = require('node:path');

const source = path.join(__dirname, 'src');
const target = path.join(__dirname, '..', 'proxy', 'derby_notebook', 'static');
const HOUR = 3600 * 1000;

require.extensions['.svg'] = (module, file) => {
  module.exports = fs.readFileSync(file, 'utf8');
};

const derbyViews = {
  name: 'derby-views',
  setup(build) {
    const app = require('./src/app');
    const views = 'module.exports = ' + app.views.serialize({minify: true});
    build.onLoad({filter: /derby[\\/]dist[\\/]_views\.js$/}, () => ({contents: views, loader: 'js'}));
  }
};

// Browsers that run the page all read woff2: KaTeX's other font files stay behind.
const onlyWoff2 = {
  name: 'only-woff2',
  setup(build) {
    build.onLoad({filter: /katex[\\/]dist[\\/]katex(\.min)?\.css$/}, ({path: file}) => ({
      contents: fs.readFileSync(file, 'utf8').replace(/,\s*url\([^)]*\.(woff|ttf)\)\s*format\("\w+"\)/g, ''),
      loader: 'css'
    }));
  }
};

const common = {
  outdir: target,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  legalComments: 'linked',
  metafile: true,
  write: false,
  loader: {'.svg': 'text', '.woff2': 'file'}
};

async function main() {
  const styles = await esbuild.build({
    ...common,
    entryPoints: {styles: path.join(source, 'styles', 'index.css'), katex: require.resolve('katex/dist/katex.min.css')},
    plugins: [onlyWoff2]
  });
  const scripts = await esbuild.build({
    ...common,
    entryPoints: {app: path.join(source, 'entry.js')},
    format: 'esm',
    splitting: true,
    platform: 'browser',
    target: 'es2022',
    sourcemap: true,
    mainFields: ['browser', 'module', 'main'],
    define: {
      'global': 'window',
      'process.title': '"browser"',
      'process.env.NODE_ENV': '"production"',
      '__filename': '"/app.js"',
      '__dirname': '"/"',
      'KATEX_CSS': JSON.stringify(built(styles, 'katex'))
    },
    alias: {path: 'path-browserify'},
    inject: [path.join(source, 'process-shim.js')],
    plugins: [derbyViews]
  });
  const frame = fs.readFileSync(path.join(source, 'outputs', 'frame.html'));
  const manifest = {
    'app.js': built(scripts, 'app'),
    'app.css': built(styles, 'styles'),
    'preload': preloaded(scripts.metafile)
  };
  write([
    ...styles.outputFiles,
    ...scripts.outputFiles,
    {path: path.join(target, 'frame.html'), contents: frame},
    {path: path.join(target, 'manifest.json'), contents: JSON.stringify(manifest, null, 2) + '\n'}
  ]);
}

// The name of the file that an entry became.
function built({metafile}, name) {
  const pattern = new RegExp(`^${name}-[^.]*\\.(js|css)$`);
  return Object.keys(metafile.outputs).map((file) => path.basename(file)).find((file) => pattern.test(file));
}

// The chunks that the entry needs at once, so that the browser need not find them one by one.
function preloaded({outputs}) {
  const entry = Object.keys(outputs).find((file) => /^app-[^.]*\.js$/.test(path.basename(file)));
  const found = new Set();
  const follow = (file) => outputs[file].imports
    .filter(({kind, path: name}) => kind === 'import-statement' && outputs[name] && !found.has(name))
    .forEach(({path: name}) => (found.add(name), follow(name)));
  follow(entry);
  return [...found].map((file) => path.basename(file)).join(' ');
}

// Older builds' files stay for an hour: a page that is open still loads its parts from them.
function write(files) {
  fs.mkdirSync(target, {recursive: true});
  const kept = new Set(files.map((file) => path.basename(file.path)));
  for (const file of files) fs.writeFileSync(file.path, file.contents);
  for (const name of fs.readdirSync(target)) {
    const file = path.join(target, name);
    if (!kept.has(name) && Date.now() - fs.statSync(file).mtimeMs > HOUR) fs.rmSync(file);
  }
}

main().catch((error) => {
  console.error(error.message || error);
  process.exit(1);
});
