// Colours text that is only shown, with the classes that the editor uses.
import {classHighlighter, highlightCode} from '@lezer/highlight';
import {parserNamed, parserOf} from './languages.mjs';

const LONGEST = 20000;

function piece(text, classes) {
  if (!classes) return text;
  const span = document.createElement('span');
  span.className = classes;
  span.append(text);
  return span;
}

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
  highlightCode(text, parser.parse(text), classHighlighter, (part, classes) => line.append(piece(part, classes)), () => (close(), open()));
  close();
  return lines;
}

// Returns what to put in place of a text in a language of that name, or null if there is none.
export async function coloured(text, name) {
  const parser = text.length > LONGEST ? null : await parserNamed(name);
  if (!parser) return null;
  const pieces = [];
  highlightCode(text, parser.parse(text), classHighlighter, (part, classes) => pieces.push(piece(part, classes)), () => pieces.push('\n'));
  return pieces;
}
