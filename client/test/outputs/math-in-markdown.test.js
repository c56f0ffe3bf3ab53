'use strict';
const assert = require('node:assert/strict');
const test = require('node:test');
const MarkdownIt = require('markdown-it').default || require('markdown-it');
const {mathAt, mathIn} = require('../../src/outputs/math-in-markdown');

const rendered = (source) => new MarkdownIt().use(mathIn).render(source).trim();

test('money is no formula', () => {
  assert.equal(mathAt('$5 and $6', 0), null);
  assert.equal(mathAt('$ x$', 0), null);
  assert.equal(rendered('Costs $5 or $6.'), '<p>Costs $5 or $6.</p>');
});

test('every way to write a formula is one', () => {
  for (const [source, tex, display] of [
    ['$a_1$', 'a_1', false], ['\\(x\\)', 'x', false], ['$$y$$', 'y', true], ['\\[z\\]', 'z', true],
    ['\\begin{align}a\\end{align}', '\\begin{align}a\\end{align}', true]
  ]) {
    const found = mathAt(source, 0);
    assert.deepEqual([found.tex, found.display, found.length], [tex, display, source.length], source);
  }
});

test('markdown leaves a formula as it is', () => {
  assert.equal(rendered('$a_1 * b_1 * c$'), '<p><span class="math">a_1 * b_1 * c</span></p>');
  assert.equal(rendered('$$\na < b\n\n- c\n$$'), '<div class="math display">\na &lt; b\n\n- c\n</div>');
});

test('an escaped dollar and code stay as they are', () => {
  assert.equal(rendered('\\$a$ and `$x$`'), '<p>$a$ and <code>$x$</code></p>');
});
