'use strict';
// JSON as a tree that opens and closes.

const MANY = 100;

function jsonTree(value, name, depth = 0) {
  if (value === null || typeof value !== 'object') return leaf(value, name);
  const entries = Array.isArray(value) ? value.map((item, index) => [index, item]) : Object.entries(value);
  const node = document.createElement('details');
  node.className = 'json';
  const summary = document.createElement('summary');
  if (name !== undefined) summary.append(span('json-key', String(name)), ': ');
  summary.append(span('json-hint', Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`));
  node.append(summary);
  const fill = () => {
    if (node.children.length > 1) return;
    for (const [key, item] of entries.slice(0, MANY)) node.append(jsonTree(item, key, depth + 1));
    if (entries.length > MANY) node.append(span('json-hint', `… ${entries.length - MANY} more`));
  };
  node.addEventListener('toggle', () => node.open && fill());
  if (depth === 0) {
    node.open = true;
    fill();
  }
  return node;
}

function leaf(value, name) {
  const line = document.createElement('div');
  line.className = 'json-leaf';
  if (name !== undefined) line.append(span('json-key', String(name)), ': ');
  line.append(span(`json-${value === null ? 'null' : typeof value}`, JSON.stringify(value)));
  return line;
}

function span(name, text) {
  const element = document.createElement('span');
  element.className = name;
  element.textContent = text;
  return element;
}

module.exports = {jsonTree};
