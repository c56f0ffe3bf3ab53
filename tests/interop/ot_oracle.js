// Answers what the reference types compute. In: a JSON line {type, doc, a, b}, and for some types
// {at}, a position or range; out: a line with each step's result, and {throws: {step: message}}
// for the steps that threw.
'use strict';
const readline = require('readline');

const types = {
  json0: require('ot-json0').type,
  json1: require('ot-json1').type,
  'rich-text': require('rich-text').type,
  text0: require('ot-json0/lib/text0'),
  'text-unicode': require('ot-text-unicode').type,
};

// The types modify what they are given.
function copy(value) {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function answer({type: name, doc, a, b, at}) {
  const type = types[name];
  const found = {throws: {}};
  const step = (key, compute) => {
    try {
      found[key] = compute();
    } catch (error) {
      found.throws[key] = String(error.message);
    }
  };
  const earlier = (key) => {
    if (key in found.throws) throw new Error('An earlier step threw');
    return copy(found[key]);
  };
  const conflict = ({type: kind, op1, op2}) => ({kind, ours: op1, theirs: op2});

  step('doc_a', () => type.apply(copy(doc), copy(a)));
  step('doc_b', () => type.apply(copy(doc), copy(b)));
  step('a_left', () => type.transform(copy(a), copy(b), 'left'));
  step('b_right', () => type.transform(copy(b), copy(a), 'right'));
  step('merged', () => type.apply(earlier('doc_a'), earlier('b_right')));
  step('ab', () => type.compose(copy(a), earlier('b_right')));
  if (type.invert) step('a_inv', () => type.invert(copy(a)));
  if (type.invertWithDoc) step('a_inv_doc', () => type.invertWithDoc(copy(a), copy(doc)));
  if (type.normalize) step('a_norm', () => type.normalize(copy(a)));
  if (type.transformPresence) {
    step('own_at', () => type.transformPresence(copy(at), copy(a), true));
    step('other_at', () => type.transformPresence(copy(at), copy(a), false));
  }
  if (type.tryTransform) {
    step('moved_at', () => type.transformPosition(copy(at), copy(a)));
    step('filled', () => type.makeInvertible(copy(a), copy(doc)));
    for (const side of ['left', 'right']) {
      step(`conflict_${side}`, () => {
        const tried = type.tryTransform(copy(a), copy(b), side);
        return tried.ok ? null : conflict(tried.conflict);
      });
      step(`forced_${side}`, () => type.transformNoConflict(copy(a), copy(b), side));
    }
  }
  return found;
}

readline.createInterface({input: process.stdin}).on('line', (line) => {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n');
});
