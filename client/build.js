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
const {promisify} = require('node:util');
const zlib = require('node:zlib');

const source = path.join(__dirname, 'src');
const target = path.join(__dirname, '..', 'proxy', 'derby_notebook', 'static');
const HOUR = 3600 * 1000;
const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);

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

// The pages, and the frame for widgets that bring scripts of their own.
const entries = {
  'app': path.join(source, 'entry.js'),
  'replay': path.join(source, 'replay', 'entry.js'),
  'widget-frame': path.join(source, 'widgets', 'frame', 'frame.mjs')
};

async function main() {
  const styles = await esbuild.build({
    ...common,
    entryPoints: {
      styles: path.join(source, 'styles', 'index.css'),
      'replay-styles': path.join(source, 'styles', 'replay.css'),
      katex: require.resolve('katex/dist/katex.min.css'),
      widgets: path.join(source, 'widgets', 'styles', 'index.css')
    },
    plugins: [onlyWoff2]
  });
  const scripts = await esbuild.build({
    ...common,
    entryPoints: entries,
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
      'WIDGETS_CSS': JSON.stringify(built(styles.metafile, 'widgets')),
      'KATEX_CSS': JSON.stringify(built(styles.metafile, 'katex'))
    },
    alias: {'path': 'path-browserify', 'sanitize-html': path.join(source, 'widgets', 'sanitize-html.js'), ...slim('async', 'qs', 'url', 'util')},
    inject: [path.join(source, 'browser', 'process.js')],
    plugins: [derbyViews]
  });
  const frame = fs.readFileSync(path.join(source, 'outputs', 'frame.html'));
  const manifest = {
    'app.js': built(scripts.metafile, 'app'),
    'app.css': built(styles.metafile, 'styles'),
    'preload': preloaded(scripts.metafile, 'app'),
    'preload.markdown': preloaded(scripts.metafile, 'markdown'),
    'preload.outputs': preloaded(scripts.metafile, 'render'),
    'replay.js': built(scripts.metafile, 'replay'),
    'replay.css': built(styles.metafile, 'replay-styles'),
    'preload.replay': preloaded(scripts.metafile, 'replay')
  };
  const widgetFrame = fs.readFileSync(path.join(source, 'widgets', 'frame', 'frame.html'), 'utf8')
    .replace('SCRIPT', built(scripts.metafile, 'widget-frame'))
    .replace('STYLES', built(styles.metafile, 'widgets'));
  const files = [
    ...styles.outputFiles,
    ...scripts.outputFiles,
    {path: path.join(target, 'frame.html'), contents: frame},
    {path: path.join(target, 'widget-frame.html'), contents: Buffer.from(widgetFrame)}
  ];
  write([
    ...files,
    ...await compressed(files),
    {path: path.join(target, 'manifest.json'), contents: JSON.stringify(manifest, null, 2) + '\n'}
  ]);
}

// Packages of which Derby and ShareDB use a function or two: ours take their places.
function slim(...names) {
  return Object.fromEntries(names.map((name) => [name, path.join(source, 'browser', `${name}.js`)]));
}

// The file that an entry, or a module loaded by `import()`, became.
function built({outputs}, name) {
  const pattern = new RegExp(`^${name}-[A-Z0-9]{8}\\.(js|css)$`);
  return Object.keys(outputs).map((file) => path.basename(file)).find((file) => pattern.test(file));
}

// The chunks that a script needs at once, so that the browser need not find them one by one;
// those of a script that is itself loaded by another begin with it.
function preloaded({outputs}, name) {
  const byName = new Map(Object.entries(outputs).map(([file, output]) => [path.basename(file), output]));
  const script = built({outputs}, name);
  const found = new Set(name in entries ? [] : [script]);
  const follow = (file) => byName.get(file).imports
    .filter(({kind}) => kind === 'import-statement')
    .map((imported) => path.basename(imported.path))
    .filter((chunk) => byName.has(chunk) && !found.has(chunk))
    .forEach((chunk) => (found.add(chunk), follow(chunk)));
  follow(script);
  return [...found].join(' ');
}

// What the server sends to browsers that take it: compressed once, as small as it gets.
async function compressed(files) {
  const texts = files.filter(({path: file}) => /\.(js|css|html)$/.test(file));
  return Promise.all(texts.flatMap(({path: file, contents}) => [
    brotli(contents, {params: {[zlib.constants.BROTLI_PARAM_SIZE_HINT]: contents.length}}).then((small) => ({path: `${file}.br`, contents: small})),
    gzip(contents, {level: 9}).then((small) => ({path: `${file}.gz`, contents: small}))
  ]));
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
