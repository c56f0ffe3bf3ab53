'use strict';
// Markdown as a notebook writes it: attachments, LaTeX and linked headings included.
const MarkdownIt = require('markdown-it').default || require('markdown-it');
const {mathIn} = require('./math-in-markdown');
const {drawMath} = require('./math');
const {sanitized} = require('./sanitize');
const {watchScrolling} = require('./scrolling');

const parser = new MarkdownIt({html: true, linkify: true}).use(mathIn);
const allowed = parser.validateLink;
parser.validateLink = (url) => allowed(url) || /^data:image\//.test(url);

// Returns the address of an attachment's data, or the address it was given.
function attachmentUrl(url, attachments) {
  const name = /^attachment:(.*)$/.exec(url);
  const bundle = name && attachments && attachments[decodeURIComponent(name[1])];
  const mime = bundle && Object.keys(bundle).find((key) => key.startsWith('image/'));
  return mime ? `data:${mime};base64,${bundle[mime]}` : url;
}

const image = parser.renderer.rules.image;
parser.renderer.rules.image = (tokens, index, options, env, self) => {
  const token = tokens[index];
  token.attrSet('src', attachmentUrl(token.attrGet('src'), env.attachments));
  return image(tokens, index, options, env, self);
};

function markdownFragment(source, attachments) {
  const fragment = sanitized(parser.render(source, {attachments}));
  for (const link of fragment.querySelectorAll('a[href]')) {
    if (link.getAttribute('href').startsWith('#')) continue;
    link.target = '_blank'; // a click on a plain link would end the page
    link.rel = 'noopener noreferrer';
  }
  for (const block of fragment.querySelectorAll('p, li, h1, h2, h3, h4, h5, h6, blockquote, td, th')) block.dir = 'auto';
  drawMath(fragment);
  watchScrolling(fragment);
  return fragment;
}

module.exports = {attachmentUrl, markdownFragment};
