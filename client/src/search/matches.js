'use strict';
// Finding in a text, and what replaces what was found.

const special = /[.*+?^${}()|[\]\\]/g;

// Returns {pattern}, or {error} for a regular expression that is none, or {} for nothing to find.
function patternOf({query, caseful, word, regex}) {
  if (!query) return {};
  const plain = regex ? query : query.replace(special, '\\$&');
  try {
    return {pattern: new RegExp(word ? `\\b(?:${plain})\\b` : plain, caseful ? 'gmu' : 'gimu')};
  } catch {
    return {error: 'Not a valid expression'};
  }
}

function matchesIn(text, pattern) {
  const matches = [];
  for (const match of text.matchAll(pattern)) {
    if (match[0]) matches.push({from: match.index, to: match.index + match[0].length, groups: [...match]});
  }
  return matches;
}

// In a regular expression's replacement $1 is what the first group matched.
function replacementOf({groups}, {replace = '', regex}) {
  if (!regex) return replace;
  return replace.replace(/\$(\$|&|\d)/g, (whole, sign) => {
    if (sign === '$') return '$';
    return groups[sign === '&' ? 0 : Number(sign)] || '';
  });
}

module.exports = {matchesIn, patternOf, replacementOf};
