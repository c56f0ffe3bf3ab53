'use strict';
// Draws LaTeX with KaTeX, which is loaded when the first formula is there.
/* global KATEX_CSS */

let loading = null;

function loadKatex() {
  loading = loading || import('./katex.mjs').then(({katex, address}) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = new URL(KATEX_CSS, address).href;
    document.head.append(link);
    return katex;
  });
  return loading;
}

// Draws the elements of the class `math` within one; until then they show their source.
function drawMath(root) {
  const waiting = [...root.querySelectorAll('.math')];
  if (!waiting.length) return;
  loadKatex().then((katex) => {
    for (const element of waiting) draw(katex, element);
  }, (error) => console.warn('Formulas show as text:', error.message));
}

function draw(katex, element) {
  const tex = element.textContent;
  katex.render(tex, element, {
    displayMode: element.classList.contains('display'),
    throwOnError: false,
    errorColor: 'var(--bad)',
    strict: 'ignore',
    trust: false
  });
  element.title = '';
  // Equations are numbered by counters: anew in each cell, not in each block of cells.
  const cell = element.querySelector('.eqn-num') && element.closest('.rendered, .output');
  if (cell) cell.style.counterReset = 'katexEqnNo mmlEqnNo';
}

// An element with LaTeX as a kernel sends it, dollars around it or not.
function mathBlock(source) {
  const {mathAt} = require('./math-in-markdown');
  const found = mathAt(source.trim(), 0);
  const block = document.createElement('div');
  block.className = 'math display';
  block.textContent = found ? found.tex : source;
  const around = document.createElement('div');
  around.append(block);
  drawMath(around);
  return around;
}

module.exports = {drawMath, mathBlock};
