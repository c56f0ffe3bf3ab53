'use strict';
// HTML that runs scripts or brings styles, in a frame with no way into the page.

const TALLEST = 2000;

// How tall a frame may be that says how tall it is; 0 for what is no height.
function announcedHeight(height) {
  return height > 0 ? Math.min(height, TALLEST) : 0;
}

function framed(html, base) {
  const frame = document.createElement('iframe');
  frame.className = 'output-frame';
  frame.title = 'Interactive output';
  frame.setAttribute('sandbox', 'allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads');
  frame.src = `${base}/derby/static/frame.html`;
  const receive = ({source, data}) => {
    if (!frame.isConnected && frame.contentWindow === null) return window.removeEventListener('message', receive);
    if (source !== frame.contentWindow || !data) return;
    if (data.ready) frame.contentWindow.postMessage({html}, '*'); // it has no origin to name
    const height = announcedHeight(data.height);
    if (height) frame.style.height = `${height}px`;
  };
  window.addEventListener('message', receive);
  return frame;
}

// What stands for untrusted HTML: what is left of it without its scripts, and ways to run it.
function offered(html, {base, trustAll}, fragment) {
  const box = document.createElement('div');
  const note = document.createElement('p');
  note.className = 'untrusted';
  note.append('This output came with the file, so its scripts and styles were not run. ');
  note.append(link('Run them in a sandbox', () => box.replaceChildren(framed(html, base))));
  if (trustAll) note.append(', or ', link('trust the whole notebook', trustAll), '.');
  box.append(fragment, note);
  return box;
}

function link(text, act) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'link';
  button.textContent = text;
  button.addEventListener('click', act);
  return button;
}

module.exports = {announcedHeight, framed, offered};
