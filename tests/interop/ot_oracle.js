// Answers what the reference types compute. In: a JSON line {type, doc, a, b}; out: a line
// with each step's result, and {throws: {step: message}} for the steps that threw.
'use strict';
const readline = require('readline');

const types = {
  json0: require('ot-json0').type,
  text0: require('ot-json0/lib/text0'),
};

// The types modify what they are given.
function copy(value) {
  if (value === undefined) throw new Error('An earlier step threw');
  return JSON.parse(JSON.stringify(value));
}

function answer({type: name, doc, a, b}) {
  const type = types[name];
  const found = {throws: {}};
  const step = (key, compute) => {
    try {
      found[key] = compute();
    } catch (error) {
      found.throws[key] = String(error.message);
    }
  };
  step('doc_a', () => type.apply(copy(doc), copy(a)));
  step('doc_b', () => type.apply(copy(doc), copy(b)));
  step('a_left', () => type.transform(copy(a), copy(b), 'left'));
  step('b_right', () => type.transform(copy(b), copy(a), 'right'));
  step('merged', () => type.apply(copy(found.doc_a), copy(found.b_right)));
  step('ab', () => type.compose(copy(a), copy(found.b_right)));
  step('a_inv', () => type.invert(copy(a)));
  step('a_norm', () => type.normalize(copy(a)));
  return found;
}

readline.createInterface({input: process.stdin}).on('line', (line) => {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n');
});
