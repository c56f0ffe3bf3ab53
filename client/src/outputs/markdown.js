'use strict';
// Markdown as a notebook writes it, its attachments included.
const MarkdownIt = require('markdown-it');
const {sanitized} = require('./sanitize');

const parser = new MarkdownIt({html: true, linkify: true});
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
    link.target = '_blank'; // a click on a plain link would end the page
    link.rel = 'noopener noreferrer';
  }
  return fragment;
}

module.exports = {attachmentUrl, markdownFragment};
