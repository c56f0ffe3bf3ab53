'use strict';
// From a key or a click to a command.
const {commands} = require('./list');
const {KeyMatcher, keyName} = require('./keys');

const bindings = (...lists) => [...commands.values()].flatMap((command) =>
  lists.flatMap((list) => (command[list] || []).map((keys) => [keys, command])));

const inCommandMode = new KeyMatcher(bindings('keys', 'anyKeys'));
const whileEditing = new KeyMatcher(bindings('editKeys', 'anyKeys'));
const anywhere = new KeyMatcher(bindings('anyKeys'));

const TYPING = '.cm-editor, input, select, textarea, [contenteditable="true"]';
const OWN_KEYS = 'button, a, summary, [role="menuitem"], [role="option"], [role="tab"], [role="slider"]';

module.exports = {
  perform(id, view) {
    const command = commands.get(id);
    if (!command) throw new Error(`There is no command ${id}`);
    if (command.changes && this.isViewer()) return this.toast('You may look but not change: this page is read-only for you.', 'news');
    return command.run(this, view);
  },

  // A click on a button leaves the keyboard with the cell, as in Jupyter; a key press on it does not.
  press(id, event) {
    this.perform(id);
    const cell = this.component();
    const stays = ['find', 'palette', 'help', 'chat', 'outline', 'restart', 'restart-run-all', 'shutdown'].includes(id);
    if (event && event.detail > 0 && cell && !stays && !this.focusWhenCreated) cell.box.focus({preventScroll: true});
  },

  // Keys that no editor took.
  commandKey(event) {
    if (event.defaultPrevented) return;
    const target = event.target.closest ? event.target : document.body;
    const typing = target.closest(TYPING);
    const name = keyName(event);
    const dialog = target.closest('.dialog, .menu, .chat, .outline, .find');
    const matcher = typing || dialog ? anywhere : inCommandMode;
    if (target.closest(OWN_KEYS) && (name === 'Enter' || name === 'Space' || /^(Up|Down|Left|Right)$/.test(name))) return;
    if (this.letSelectionBe(name)) return;
    const found = matcher.press(name, Date.now());
    if (!found) return;
    event.preventDefault();
    if (found.command) this.perform(found.command.id);
  },

  // Text that was selected with the mouse is copied as text, not as cells.
  letSelectionBe(name) {
    return (name === 'c' || name === 'Mod+c') && !getSelection().isCollapsed && name.startsWith('Mod');
  },

  // Keys in a cell's editor; returns whether one was a command.
  editKey(event, cell, view) {
    this.lastView = view;
    const name = keyName(event);
    if (name === 'Esc' && this.editorHasOpen(view)) return false;
    const found = whileEditing.press(name, Date.now());
    if (found && found.command) {
      event.preventDefault();
      event.stopPropagation();
      this.pickCell(cell.id);
      this.perform(found.command.id, view);
      return true;
    }
    return this.stepsOut(name, cell, view);
  },

  // A list of completions, or several carets: Escape closes those first.
  editorHasOpen(view) {
    return Boolean(document.querySelector('.cm-tooltip-autocomplete, .kernel-help')) || view.state.selection.ranges.length > 1;
  },

  // Arrows at the first or last line go on into the neighbouring cell.
  stepsOut(name, cell, view) {
    if (name !== 'Up' && name !== 'Down') return false;
    if (document.querySelector('.cm-tooltip-autocomplete')) return false;
    const {main} = view.state.selection;
    const line = view.state.doc.lineAt(main.head);
    const atEdge = name === 'Up' ? line.number === 1 : line.number === view.state.doc.lines;
    if (!main.empty || !atEdge || !this.onEdgeRow(view, main.head, name)) return false;
    const next = this.cells.get(this.shownBeside(cell.id, name === 'Up' ? -1 : 1));
    if (!next) return false;
    cell.show();
    if (next.model.get('editing')) next.edit(name === 'Up' ? 'end' : 'start');
    else this.goTo(next.id);
    return true;
  },

  // A long line is several rows on the screen.
  onEdgeRow(view, head, name) {
    const here = view.coordsAtPos(head);
    const edge = view.coordsAtPos(name === 'Up' ? 0 : view.state.doc.length);
    return !here || !edge || Math.abs(here.top - edge.top) < 4;
  },

  editSelected() {
    const cell = this.component();
    if (cell && (!this.isViewer() || cell.get('cell_type') !== 'markdown')) cell.edit();
  },

  toCommandMode() {
    const cell = this.component();
    if (cell) cell.box.focus({preventScroll: true});
  },

  // After a run: out of the editor, or only out of a markdown cell's.
  leaveEditor(onlyType) {
    const cell = this.component();
    if (!cell || onlyType && cell.get('cell_type') !== onlyType) return;
    cell.leave();
  }
};
