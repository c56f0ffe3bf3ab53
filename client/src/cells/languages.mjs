// What a cell is written in. Python is at hand; others are loaded when a cell or a kernel needs them.
import {StreamLanguage} from '@codemirror/language';
import {python} from '@codemirror/lang-python';
import {parser as pythonParser} from '@lezer/python';

const stream = (mode) => StreamLanguage.define(mode);

const others = {
  c: async () => stream((await import('@codemirror/legacy-modes/mode/clike')).c),
  'c++': async () => stream((await import('@codemirror/legacy-modes/mode/clike')).cpp),
  bash: async () => stream((await import('@codemirror/legacy-modes/mode/shell')).shell),
  go: async () => stream((await import('@codemirror/legacy-modes/mode/go')).go),
  haskell: async () => stream((await import('@codemirror/legacy-modes/mode/haskell')).haskell),
  java: async () => stream((await import('@codemirror/legacy-modes/mode/clike')).java),
  javascript: async () => (await import('@codemirror/lang-javascript')).javascript(),
  julia: async () => stream((await import('@codemirror/legacy-modes/mode/julia')).julia),
  r: async () => stream((await import('@codemirror/legacy-modes/mode/r')).r),
  ruby: async () => stream((await import('@codemirror/legacy-modes/mode/ruby')).ruby),
  rust: async () => stream((await import('@codemirror/legacy-modes/mode/rust')).rust),
  scala: async () => stream((await import('@codemirror/legacy-modes/mode/clike')).scala),
  sql: async () => stream((await import('@codemirror/legacy-modes/mode/sql')).standardSQL),
  typescript: async () => (await import('@codemirror/lang-javascript')).javascript({typescript: true})
};

let markdownParser = null;

async function markdown() {
  const language = await import('./markdown-language.mjs');
  markdownParser = language.parser;
  return language.markdown();
}

// What people write behind three backticks.
const short = {cpp: 'c++', js: 'javascript', jl: 'julia', py: 'python', rb: 'ruby', rs: 'rust', sh: 'bash', shell: 'bash', ts: 'typescript'};

const isPython = (language) => !language || /^(i?python)/i.test(language);

// Returns the extension, or a promise of it.
export function languageOf(cellType, language) {
  if (cellType === 'markdown') return markdown();
  if (cellType !== 'code') return [];
  if (isPython(language)) return python();
  const load = others[language.toLowerCase()];
  return load ? load() : [];
}

// Returns a parser for text that is only shown, where one is at hand.
export function parserOf(cellType, language) {
  if (cellType === 'markdown') return markdownParser;
  return cellType === 'code' && isPython(language) ? pythonParser : null;
}

// Returns the parser of a language by its name, in full or short, or null.
export async function parserNamed(name) {
  const known = short[name.toLowerCase()] || name.toLowerCase();
  if (/^(markdown|md)$/.test(known)) return (await markdown()).language.parser;
  if (isPython(known)) return pythonParser;
  const {language, parser} = others[known] ? await others[known]() : {};
  return language ? language.parser : parser || null;
}
