'use strict';
// Light, dark, or as the system has it: each person's own choice, kept in this browser.

const KEY = 'derby-notebook-theme';
const ORDER = ['system', 'light', 'dark'];

function kept() {
  try {
    return localStorage.getItem(KEY) || 'system';
  } catch {
    return 'system';
  }
}

function show(theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

module.exports = {
  startTheme() {
    show(kept());
  },

  nextTheme() {
    const theme = ORDER[(ORDER.indexOf(kept()) + 1) % ORDER.length];
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // private windows may refuse: the choice lasts as long as the page
    }
    show(theme);
    this.toast(`Colours: ${theme === 'system' ? 'as the system has it' : theme}.`, 'news');
  }
};
