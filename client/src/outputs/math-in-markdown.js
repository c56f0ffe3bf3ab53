'use strict';
// LaTeX in markdown, by Jupyter's rules: $…$, $$…$$, \(…\), \[…\] and environments.
//
// It becomes elements with the class `math`, to be drawn where there is a document.

const ENVIRONMENT = /^\\begin\{([a-z]+\*?)\}[\s\S]*?\\end\{\1\}/i;

// The LaTeX that starts at a place in a text: {tex, display, length}, or null.
function mathAt(text, at) {
  const rest = text.slice(at);
  const found = /^\$\$([\s\S]+?)\$\$/.exec(rest) || /^\\\\?\[([\s\S]+?)\\\\?\]/.exec(rest);
  if (found) return {tex: found[1], display: true, length: found[0].length};
  const environment = ENVIRONMENT.exec(rest);
  if (environment) return {tex: environment[0], display: true, length: environment[0].length};
  // A dollar before a space or after one, or before a digit, is money.
  const inline = /^\$(?![\s$])((?:\\.|[^\\$])*?(?:[^\s\\$]|\\.))\$(?!\d)/.exec(rest) || /^\\\\?\(([\s\S]+?)\\\\?\)/.exec(rest);
  return inline ? {tex: inline[1], display: false, length: inline[0].length} : null;
}

function mathIn(parser) {
  const {escapeHtml} = parser.utils;
  const html = ({tex, display}) => {
    const tag = display ? 'div' : 'span';
    return `<${tag} class="math${display ? ' display' : ''}">${escapeHtml(tex)}</${tag}>`;
  };

  parser.inline.ruler.before('escape', 'math', (state, silent) => {
    const first = state.src[state.pos];
    if (first !== '$' && first !== '\\') return false;
    const math = mathAt(state.src, state.pos);
    if (!math) return false;
    if (!silent) state.push('math', '', 0).meta = math;
    state.pos += math.length;
    return true;
  });

  // Display math that starts a line may hold empty lines and anything that markdown would take.
  parser.block.ruler.before('paragraph', 'math', (state, startLine, endLine, silent) => {
    const start = state.bMarks[startLine] + state.tShift[startLine];
    if (!/^(\$\$|\\\\?\[|\\begin\{)/.test(state.src.slice(start, start + 8))) return false;
    const math = mathAt(state.src.slice(0, state.eMarks[endLine - 1]), start);
    if (!math || !math.display) return false;
    let line = startLine;
    while (line < endLine && state.eMarks[line] < start + math.length) line++;
    if (line >= endLine || state.src.slice(start + math.length, state.eMarks[line]).trim()) return false;
    if (silent) return true;
    const token = state.push('math', '', 0);
    token.meta = math;
    token.map = [startLine, line + 1];
    state.line = line + 1;
    return true;
  }, {alt: ['paragraph', 'reference', 'blockquote', 'list']});

  parser.renderer.rules.math = (tokens, index) => html(tokens[index].meta);
}

module.exports = {mathAt, mathIn};
