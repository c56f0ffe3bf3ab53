// Answers questions by sharedb-mongo itself: node queries.js DATABASE-URL < questions.json
// A question is [method, ...arguments of the adapter]; the answer is its result or its error's code.
'use strict';

const path = require('path');
const {createRequire} = require('module');
const load = createRequire(path.join(__dirname, '..', 'interop', 'package.json'));
const db = load('sharedb-mongo')(process.argv[2], JSON.parse(process.argv[3] || '{}'));

const ASYNC = {
  query: (collection, query) => [collection, query, null, null],
  queryPoll: (collection, query) => [collection, query, null],
  queryPollDoc: (collection, id, query) => [collection, id, query, null],
  getOps: (collection, id, from, to) => [collection, id, from, to, null],
  getCommittedOpVersion: null
};

let crashed;

function answer([method, ...given]) {
  return new Promise((resolve) => {
    crashed = () => resolve({crash: true});
    const done = (error, result, extra) => {
      if (error) return resolve({code: error.code === undefined ? null : error.code});
      const ids = Array.isArray(result) ?
        result.map((item) => (item && item.id !== undefined ? item.id : item)) :
        result;
      resolve({result: ids, extra: extra === undefined ? null : extra});
    };
    try {
      if (method in ASYNC) db[method](...ASYNC[method](...given), done);
      else resolve({result: db[method](...given)});
    } catch (error) {
      resolve({code: error.code === undefined ? null : error.code});
    }
  });
}

async function main() {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  const answers = [];
  for (const question of JSON.parse(text)) answers.push(await answer(question));
  process.stdout.write(JSON.stringify(answers));
  db.close(() => process.exit(0));
}

// Some questions end a Node server: the adapter does not catch what the driver throws.
process.on('unhandledRejection', () => crashed());
main();
