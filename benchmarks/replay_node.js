// fetchSnapshot of ShareDB on the ops of a file: node replay_node.js OPS.json VERSION...
'use strict';
const fs = require('fs');
const Backend = require('sharedb');

const [file, ...versions] = process.argv.slice(2);
const ops = JSON.parse(fs.readFileSync(file));
const type = 'http://sharejs.org/types/JSONv0';

async function main() {
  const backend = new Backend({db: new Backend.MemoryDB()});
  backend.db.ops = {docs: {d: ops}};
  backend.db.docs = {docs: {d: {id: 'd', v: ops.length, type, data: {}, m: {}}}};
  const connection = backend.connect();
  for (const version of versions.map(Number)) {
    const begun = performance.now();
    await new Promise((resolve, reject) => {
      connection.fetchSnapshot('docs', 'd', version, (error) => (error ? reject(error) : resolve()));
    });
    const ms = performance.now() - begun;
    const speed = Math.round(version / ms * 1000).toLocaleString('en');
    console.log(`Node, in memory: fetchSnapshot @${version}`.padEnd(46), `${ms.toFixed(0).padStart(7)} ms`, `${speed.padStart(10)} ops/s`);
  }
  process.exit(0);
}

main();
