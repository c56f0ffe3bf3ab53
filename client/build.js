'use strict';
// Builds the page's script and styles into the Python package that serves them.
//
// Derby compiles its views by loading the application once in Node, as a server would; the
// result takes the place of Derby's empty views module in the bundle. Files carry a hash of
// their contents in their names, and manifest.json says which is which.
process.env.NODE_ENV = 'production'; // else Derby's file watchers keep Node alive

const esbuild = require('esbuild');
const fs = require('node:fs');
const path = require('node:path');

const source = path.join(__dirname, 'src');
const target = path.join(__dirname, '..', 'proxy', 'derby_notebook', 'static');

function compiledViews() {
  const app = require('./src/app');
  return 'module.exports = ' + app.views.serialize({minify: true});
}

const derbyViews = {
  name: 'derby-views',
  setup(build) {
    const views = compiledViews();
    build.onLoad({filter: /derby[\\/]dist[\\/]_views\.js$/}, () => ({contents: views, loader: 'js'}));
  }
};

async function main() {
  const result = await esbuild.build({
    entryPoints: {app: path.join(source, 'entry.js'), styles: path.join(source, 'styles', 'index.css')},
    outdir: target,
    entryNames: '[name]-[hash]',
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2020',
    minify: true,
    sourcemap: true,
    legalComments: 'linked',
    metafile: true,
    mainFields: ['browser', 'module', 'main'],
    define: {
      'global': 'window',
      'process.title': '"browser"',
      'process.env.NODE_ENV': '"production"',
      '__filename': '"/app.js"',
      '__dirname': '"/"'
    },
    alias: {path: 'path-browserify'},
    inject: [path.join(source, 'process-shim.js')],
    plugins: [derbyViews],
    write: false
  });
  fs.rmSync(target, {recursive: true, force: true});
  fs.mkdirSync(target, {recursive: true});
  for (const file of result.outputFiles) fs.writeFileSync(file.path, file.contents);
  fs.writeFileSync(path.join(target, 'manifest.json'), JSON.stringify(manifest(result.metafile), null, 2) + '\n');
}

function manifest(metafile) {
  const names = Object.keys(metafile.outputs).map((name) => path.basename(name));
  const only = (pattern) => names.find((name) => pattern.test(name));
  return {'app.js': only(/^app-.*\.js$/), 'app.css': only(/^styles-.*\.css$/)};
}

main().catch((error) => {
  console.error(error.message || error);
  process.exit(1);
});
