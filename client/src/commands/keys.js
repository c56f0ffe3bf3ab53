'use strict';
// Names for keys, and sequences of them.

const NAMES = {' ': 'Space', Escape: 'Esc', ArrowUp: 'Up', ArrowDown: 'Down', ArrowLeft: 'Left', ArrowRight: 'Right'};
const MODIFIERS = new Set(['Shift', 'Control', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Dead']);
const TOGETHER_MS = 800;

// The name of what was pressed, such as `a`, `Shift+M`, `Mod+Enter`; Mod is Ctrl, or Cmd on a Mac.
function keyName(event) {
  if (MODIFIERS.has(event.key)) return '';
  const letter = event.key.length === 1;
  const minus = event.code === 'Minus' && event.shiftKey; // its shifted sign differs from keyboard to keyboard
  const key = minus ? '-' : NAMES[event.key] || (letter ? event.key.toLowerCase() : event.key);
  const shifted = event.shiftKey && (!letter || key !== event.key || minus);
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push('Mod');
  if (event.altKey) parts.push('Alt');
  if (shifted) parts.push('Shift');
  return [...parts, letter && shifted ? key.toUpperCase() : key].join('+');
}

// Follows keys as they are pressed and says which command they are.
class KeyMatcher {
  // `bindings` is a list of [keys, command]; keys may be a sequence such as `d d`.
  constructor(bindings) {
    this.bindings = new Map(bindings);
    this.pending = '';
    this.at = 0;
  }

  // Returns {command}, {waits: true} for the start of a sequence, or null.
  press(name, now) {
    if (!name) return null;
    const sequence = this.pending && now - this.at < TOGETHER_MS ? `${this.pending} ${name}` : name;
    this.pending = '';
    for (const keys of [sequence, name]) {
      if (this.bindings.has(keys)) return {command: this.bindings.get(keys)};
      if ([...this.bindings.keys()].some((known) => known.startsWith(`${keys} `))) {
        [this.pending, this.at] = [keys, now];
        return {waits: true};
      }
    }
    return null;
  }
}

function onMac() {
  return /Mac|iP(hone|ad)/.test(navigator.platform);
}

// Keys as a person reads them.
function shownKeys(keys, isMac) {
  return keys.split(' ').map((key) => key.replace('Mod', isMac ? '⌘' : 'Ctrl').replace('Up', '↑').replace('Down', '↓'));
}

module.exports = {KeyMatcher, keyName, onMac, shownKeys};
