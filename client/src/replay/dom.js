'use strict';
// Elements in one expression: h('button.tool', {type: 'button', onclick}, 'text', child, …).

function h(selector, attributes, ...children) {
  const [tag, ...classes] = selector.split('.');
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes || {})) set(element, name, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function set(element, name, value) {
  if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
  else if (name === 'html') element.innerHTML = value; // icons of ours only
  else if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value === true ? '' : value);
}

// A button with an icon; its title names it, with a text beside the icon if there is one.
function button(icon, title, onclick, {text, kind = 'tool', ...attributes} = {}) {
  const label = text ? {title} : {title, 'aria-label': title};
  const element = h(`button.${kind}`, {type: 'button', ...label, ...attributes, onclick});
  element.innerHTML = icon;
  if (text) element.append(h('span', null, text));
  return element;
}

// Writes a text only where it differs, so that nothing is read out or laid out again for nothing.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

module.exports = {button, h, set, write};
