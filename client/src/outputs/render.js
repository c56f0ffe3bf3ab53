'use strict';
// Draws a cell's outputs; one that did not change keeps its element.
const {AnsiUp} = require('ansi_up');
const {markdownFragment} = require('./markdown');
const {richest, text} = require('./mime');
const {sanitized} = require('./sanitize');

const drawn = new WeakMap();

function renderOutputs(box, outputs) {
  const old = drawn.get(box) || [];
  const now = outputs.map((output, index) => {
    const key = JSON.stringify(output);
    const kept = old[index];
    return kept && kept.key === key ? kept : {key, element: drawOutput(output || {})};
  });
  if (now.length !== old.length || now.some((item, index) => item !== old[index])) {
    box.replaceChildren(...now.map((item) => item.element));
  }
  drawn.set(box, now);
}

function drawOutput(output) {
  const element = document.createElement('div');
  element.className = `output ${output.output_type || ''}`;
  if (output.output_type === 'stream') {
    element.classList.add(output.name === 'stderr' ? 'stderr' : 'stdout');
    element.append(ansi(text(output.text)));
  } else if (output.output_type === 'error') {
    const lines = (output.traceback || []).join('\n') || `${output.ename}: ${output.evalue}`;
    element.append(ansi(lines));
  } else {
    drawData(element, output.data || {});
  }
  return element;
}

function ansi(value) {
  const colors = new AnsiUp();
  colors.use_classes = true;
  const block = document.createElement('pre');
  block.append(sanitized(colors.ansi_to_html(value)));
  return block;
}

function drawData(element, data) {
  const mime = richest(data);
  element.dataset.mime = mime || '';
  if (mime === 'image/svg+xml' || mime === 'text/html') {
    element.append(sanitized(text(data[mime])));
  } else if (mime && mime.startsWith('image/')) {
    const picture = document.createElement('img');
    picture.src = `data:${mime};base64,${text(data[mime])}`;
    picture.alt = text(data['text/plain']) || 'Output picture';
    element.append(picture);
  } else if (mime === 'text/markdown') {
    element.append(markdownFragment(text(data[mime])));
  } else if (mime === 'application/json') {
    element.append(ansi(JSON.stringify(data[mime], null, 2)));
  } else {
    element.append(ansi(mime ? text(data[mime]) : `No way to show ${Object.keys(data).join(', ') || 'this'}`));
  }
}

module.exports = {renderOutputs};
