'use strict';
// Draws a cell's outputs; one that did not change keeps its element, a stream that grew grows.
const {ansi} = require('./ansi');
const {framed, offered} = require('./frame');
const {jsonTree} = require('./json-tree');
const {mathBlock} = require('./math');
const {richest, text} = require('./mime');
const {withRenderers} = require('./renderers');
const {watchScrolling} = require('./scrolling');
const {needsFrame, sanitized, sanitizedSvg} = require('./sanitize');
const {VIEW: WIDGET, drawWidget} = require('../widgets/show');
const {drawVega, isVega} = require('./vega');
const {addressOf, fromBlob, isOutOfLine, watchPicture} = require('./out-of-line');

const drawn = new WeakMap();

// `context` is {trusted, trustAll, base, notebookId, connection, viewer}.
// An element that is shown no more hears `dropped`.
function renderOutputs(box, outputs, context) {
  const old = drawn.get(box) || [];
  const now = outputs.map((output, index) => {
    const key = `${context.trusted} ${JSON.stringify(output)}`;
    const kept = old[index];
    return kept && kept.key === key ? kept : {key, element: drawOutput(output || {}, context)};
  });
  if (now.length !== old.length || now.some((item, index) => item !== old[index])) {
    const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 8;
    box.replaceChildren(...now.map((item) => item.element));
    for (const item of old) if (!now.includes(item)) item.element.dispatchEvent(new Event('dropped'));
    watchScrolling(box, true);
    if (atEnd && old.length && box.scrollHeight > box.clientHeight) box.scrollTop = box.scrollHeight;
  }
  drawn.set(box, now);
}

function drawOutput(output, context) {
  const element = document.createElement('div');
  element.className = `output ${output.output_type || ''}`;
  if (output.output_type === 'stream') {
    element.classList.add(output.name === 'stderr' ? 'stderr' : 'stdout');
    drawText(element, output.text, context);
  } else if (output.output_type === 'error') {
    const lines = (output.traceback || []).join('\n') || `${output.ename}: ${output.evalue}`;
    element.append(ansi(lines));
  } else {
    drawData(element, output.data || {}, output.metadata || {}, context);
  }
  return element;
}

function drawText(element, value, context) {
  if (isOutOfLine(value)) fromBlob(element, value, context, 'text/plain', (loaded) => element.append(ansi(loaded)));
  else element.append(ansi(text(value)));
}

const drawers = {
  'text/html': (element, value, {context}) => {
    const html = text(value);
    if (!needsFrame(html)) element.append(tidy(sanitized(html)));
    else if (isStyledTable(html)) element.append(tidy(sanitized(html)));
    else element.append(context.trusted ? framed(html, context.base) : offered(html, context, sanitized(html)));
  },
  'image/svg+xml': (element, value) => {
    const picture = sanitizedSvg(text(value));
    for (const svg of picture.querySelectorAll('svg')) {
      svg.setAttribute('role', 'img');
      if (!svg.getAttribute('aria-label')) svg.setAttribute('aria-label', 'Output picture');
    }
    element.append(picture);
  },
  'text/markdown': (element, value) => {
    element.classList.add('rendered-text');
    withRenderers('markdown', ({markdownFragment}) => element.replaceChildren(markdownFragment(text(value))));
  },
  'text/latex': (element, value) => element.append(mathBlock(text(value))),
  'application/json': (element, value) => element.append(jsonTree(value)),
  [WIDGET]: (element, value, {data, metadata, context}) => drawWidget(element, value || {}, context, (reason) => {
    const note = document.createElement('p');
    note.className = 'loading';
    note.textContent = reason;
    const {[WIDGET]: _, ...others} = data;
    element.replaceChildren();
    if (richest(others)) drawData(element, others, metadata, context);
    element.append(note);
  }),
  'application/javascript': (element) => element.append('JavaScript output is not run.')
};

// A data frame's only style is about its own alignment.
function isStyledTable(html) {
  return /class="dataframe"/.test(html) && !/<(script|iframe|object|embed|link)\b/i.test(html);
}

function tidy(fragment) {
  for (const table of fragment.querySelectorAll('table')) {
    table.removeAttribute('border');
    for (const cell of table.querySelectorAll('td:empty, th:empty')) if (cell.tagName === 'TH') cell.replaceWith(blankCell(cell));
  }
  return fragment;
}

// A heading without words is no heading.
function blankCell(heading) {
  const cell = document.createElement('td');
  for (const {name, value} of heading.attributes) cell.setAttribute(name, value);
  return cell;
}

function drawPicture(element, mime, address, data, metadata) {
  const picture = document.createElement('img');
  picture.src = address;
  const alt = isOutOfLine(data['text/plain']) ? '' : text(data['text/plain']);
  picture.alt = alt && !/^<.*>$/.test(alt) ? alt : 'Output picture';
  const {width, height} = metadata[mime] || metadata;
  if (width) picture.width = width;
  if (width && height) picture.style.aspectRatio = `${width} / ${height}`; // kept where there is less room
  else if (height) picture.style.height = `${height}px`;
  element.append(picture);
  return picture;
}

function drawData(element, data, metadata, context) {
  const mime = richest(data);
  element.dataset.mime = mime || '';
  const value = data[mime];
  const isPicture = Boolean(mime) && mime.startsWith('image/') && mime !== 'image/svg+xml';
  const draw = (loaded) => {
    if (isPicture) drawPicture(element, mime, `data:${mime};base64,${text(loaded)}`, data, metadata);
    else if (isVega(mime)) drawVega(element, mime, loaded);
    else if (drawers[mime]) drawers[mime](element, loaded, {data, metadata, context});
    else element.append(ansi(text(loaded)));
  };
  if (!mime) element.append(ansi(`There is no way to show ${Object.keys(data).join(', ') || 'this'}`));
  else if (isOutOfLine(value) && isPicture) watchPicture(element, drawPicture(element, mime, addressOf(value, context, mime), data, metadata));
  else if (isOutOfLine(value)) fromBlob(element, value, context, mime, draw);
  else draw(value);
}

module.exports = {renderOutputs};
