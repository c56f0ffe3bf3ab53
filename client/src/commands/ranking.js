'use strict';

// Items whose title has all words of a query, those that start with it first.
function ranked(items, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const score = (title) => (title.startsWith(words[0] || '') ? 0 : title.includes(` ${words[0]}`) ? 1 : 2);
  return items
    .map((item, index) => ({item, index, title: item.title.toLowerCase()}))
    .filter(({title}) => words.every((word) => title.includes(word)))
    .sort((a, b) => score(a.title) - score(b.title) || a.index - b.index)
    .map(({item}) => item);
}

module.exports = {ranked};
