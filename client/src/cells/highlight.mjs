// Colours text that is only shown, with the classes that the editor uses.
import {classHighlighter, highlightCode} from '@lezer/highlight';
import {parserOf} from './languages.mjs';

const LONGEST = 20000;

// Returns line elements, or null where there is nothing to colour by.
export function highlighted(text, cellType, language) {
  const parser = parserOf(cellType, language);
  if (!parser || text.length > LONGEST) return null;
  const lines = [];
  let line = null;
  const open = () => {
    line = document.createElement('div');
    line.className = 'cm-line';
    lines.push(line);
  };
  const close = () => line.hasChildNodes() || line.append(document.createElement('br'));
  open();
  highlightCode(text, parser.parse(text), classHighlighter, (piece, classes) => {
    if (!classes) return line.append(piece);
    const span = document.createElement('span');
    span.className = classes;
    span.append(piece);
    line.append(span);
  }, () => (close(), open()));
  close();
  return lines;
}
