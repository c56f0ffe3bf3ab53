'use strict';
// What commands do to cells' texts.

// Texts merged into one: markdown with an empty line between, so that paragraphs stay apart.
function joined(texts, type) {
  return texts.join(type === 'markdown' ? '\n\n' : '\n');
}

// A markdown text as a heading of a level, whatever heading it was before.
function headingOf(text, level) {
  const [first, ...rest] = text.split('\n');
  return [`${'#'.repeat(level)} ${first.replace(/^\s*#{1,6}\s*/, '')}`, ...rest].join('\n');
}

// The headings of a markdown text, outside of fenced code: [{level, text}].
function headingsOf(text) {
  const headings = [];
  let fence = null;
  for (const line of text.split('\n')) {
    const mark = /^\s*(```|~~~)/.exec(line);
    if (mark) fence = fence === mark[1] ? null : fence || mark[1];
    const heading = !fence && /^(#{1,6})\s+(.*?)\s*#*\s*$/.exec(line);
    if (heading) headings.push({level: heading[1].length, text: heading[2]});
  }
  return headings;
}

module.exports = {headingOf, headingsOf, joined};
