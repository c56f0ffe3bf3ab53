'use strict';
// Every command of the page: what it is called, its keys in each mode, and what it does.
//
// `keys` work in command mode, `editKeys` while typing in a cell, `anyKeys` in both. A command
// that `changes` the notebook is not there for viewers; `when` says whether it has something to act on.

const cells = [
  {id: 'insert-above', title: 'Insert a cell above', icon: 'above', keys: ['a'], changes: true,
    run: (page) => page.insertCell('above', 'code', {edit: false})},
  {id: 'insert-below', title: 'Insert a cell below', icon: 'add', keys: ['b'], changes: true,
    run: (page) => page.insertCell('below', 'code', {edit: false})},
  {id: 'insert-text-below', title: 'Insert a text cell below', changes: true, run: (page) => page.insertCell('below', 'markdown')},
  {id: 'insert-raw-below', title: 'Insert a raw cell below', changes: true, run: (page) => page.insertCell('below', 'raw')},
  {id: 'cut', title: 'Cut cells', icon: 'cut', keys: ['x'], changes: true, run: (page) => page.cutCells()},
  {id: 'copy', title: 'Copy cells', icon: 'copy', keys: ['c'], run: (page) => page.copyCells()},
  {id: 'paste', title: 'Paste cells below', icon: 'paste', keys: ['v'], changes: true, when: (page) => page.clipboard.length,
    run: (page) => page.pasteCells('below')},
  {id: 'paste-above', title: 'Paste cells above', keys: ['Shift+V'], changes: true, when: (page) => page.clipboard.length,
    run: (page) => page.pasteCells('above')},
  {id: 'duplicate', title: 'Duplicate cells', icon: 'copy', changes: true, run: (page) => page.duplicateCells()},
  {id: 'remove', title: 'Remove cells', icon: 'remove', keys: ['d d'], changes: true, run: (page) => page.removeCells()},
  {id: 'restore', title: 'Bring back removed cells', icon: 'undo', keys: ['z'], changes: true, when: (page) => page.removed.length,
    run: (page) => page.restoreCells()},
  {id: 'move-up', title: 'Move cells up', icon: 'up', keys: ['Mod+Shift+Up'], changes: true, run: (page) => page.moveCells(-1)},
  {id: 'move-down', title: 'Move cells down', icon: 'down', keys: ['Mod+Shift+Down'], changes: true, run: (page) => page.moveCells(1)},
  {id: 'merge', title: 'Merge cells', keys: ['Shift+M'], changes: true, run: (page) => page.mergeCells()},
  {id: 'split', title: 'Split the cell at the caret', editKeys: ['Mod+Shift+-'], changes: true,
    run: (page) => page.splitCell()},
  {id: 'type-code', title: 'Make it a code cell', keys: ['y'], changes: true, run: (page) => page.setType('code')},
  {id: 'type-markdown', title: 'Make it a markdown cell', keys: ['m'], changes: true, run: (page) => page.setType('markdown')},
  {id: 'type-raw', title: 'Make it a raw cell', keys: ['r'], changes: true, run: (page) => page.setType('raw')},
  ...[1, 2, 3, 4, 5, 6].map((level) => ({
    id: `heading-${level}`, title: `Make it a heading of level ${level}`, keys: [String(level)], changes: true,
    run: (page) => page.setHeading(level)
  })),
  {id: 'format', title: 'Format the cells’ code', icon: 'format', changes: true, run: (page) => page.formatCells(page.chosenIds())},
  {id: 'format-all', title: 'Format all code', changes: true, run: (page) => page.formatCells(page.order.ids)},
  {id: 'clear-output', title: 'Clear the cells’ outputs', icon: 'clear', changes: true, run: (page) => page.clearOutputs()},
  {id: 'clear-all-outputs', title: 'Clear all outputs', icon: 'clear', changes: true, run: (page) => page.clearOutputs(true)}
];

const running = [
  {id: 'run', title: 'Run the cells', icon: 'run', keys: ['Mod+Enter'], editKeys: ['Mod+Enter'], changes: true,
    run: (page) => (page.runChosen(), page.leaveEditor('markdown'))},
  {id: 'run-advance', title: 'Run, then go to the next cell', keys: ['Shift+Enter'], editKeys: ['Shift+Enter'], changes: true,
    run: (page) => (page.leaveEditor(), page.runAndAdvance())},
  {id: 'run-insert', title: 'Run, then insert a cell below', keys: ['Alt+Enter'], editKeys: ['Alt+Enter'], changes: true,
    run: (page) => (page.leaveEditor(), page.runAndInsert())},
  {id: 'run-all', title: 'Run all cells', icon: 'runAll', changes: true, run: (page) => page.runAll()},
  {id: 'run-above', title: 'Run all cells above', changes: true, run: (page) => page.runAbove()},
  {id: 'run-below', title: 'Run this cell and all below', changes: true, run: (page) => page.runBelow()},
  {id: 'interrupt', title: 'Interrupt the kernel', icon: 'stop', keys: ['i i'], changes: true, run: (page) => page.kernelRequest('interrupt')},
  {id: 'restart', title: 'Restart the kernel', icon: 'restart', keys: ['0 0'], changes: true, run: (page) => page.restartKernel()},
  {id: 'cancel', title: 'Cancel what waits to run', changes: true, run: (page) => page.cancelWaiting()},
  {id: 'choose-kernel', title: 'Choose another kernel', changes: true, run: (page) => page.toggleMenu('kernel', true)},
  {id: 'shutdown', title: 'Shut down the kernel', icon: 'power', changes: true, run: (page) => page.shutDown()},
  {id: 'restart-run-all', title: 'Restart the kernel and run all cells', changes: true, run: (page) => page.restartKernel({andRun: true})}
];

const moving = [
  {id: 'edit', title: 'Edit the cell', keys: ['Enter'], run: (page) => page.editSelected()},
  {id: 'leave', title: 'Go to command mode', editKeys: ['Esc', 'Mod+m'], run: (page) => page.toCommandMode()},
  {id: 'next', title: 'Go to the next cell', keys: ['Down', 'j'], run: (page) => page.step(1)},
  {id: 'previous', title: 'Go to the previous cell', keys: ['Up', 'k'], run: (page) => page.step(-1)},
  {id: 'extend-down', title: 'Choose the next cell too', keys: ['Shift+Down', 'Shift+J'], run: (page) => page.step(1, true)},
  {id: 'extend-up', title: 'Choose the previous cell too', keys: ['Shift+Up', 'Shift+K'], run: (page) => page.step(-1, true)},
  {id: 'choose-all', title: 'Choose all cells', keys: ['Mod+a'], run: (page) => page.chooseAll()},
  {id: 'first', title: 'Go to the first cell', keys: ['Mod+Home', 'Mod+Up'], run: (page) => page.goTo(page.shownIds()[0])},
  {id: 'last', title: 'Go to the last cell', keys: ['Mod+End', 'Mod+Down'], run: (page) => page.goTo(page.shownIds().at(-1))}
];

const looking = [
  {id: 'fold-output', title: 'Fold or show outputs', icon: 'fold', keys: ['o'], run: (page) => page.toggleFold('outputs')},
  {id: 'scroll-output', title: 'Cut off or show long outputs', keys: ['Shift+O'], run: (page) => page.toggleFold('unscrolled')},
  {id: 'fold-source', title: 'Fold or show sources', run: (page) => page.toggleFold('source')},
  {id: 'fold-all-outputs', title: 'Fold all outputs', run: (page) => page.foldAll('outputs', true)},
  {id: 'show-all-outputs', title: 'Show all outputs', run: (page) => page.foldAll('outputs', false)},
  {id: 'fold-section', title: 'Fold the section, or go to the heading above', icon: 'fold', keys: ['Left'], run: (page) => page.foldOrGoUp()},
  {id: 'show-section', title: 'Show the section, or go to the heading below', keys: ['Right'], run: (page) => page.unfoldOrGoDown()},
  {id: 'fold-all-sections', title: 'Fold all sections', run: (page) => page.foldAllSections(true)},
  {id: 'show-all-sections', title: 'Show all sections', run: (page) => page.foldAllSections(false)},
  {id: 'line-numbers', title: 'Line numbers in this cell', keys: ['l'], run: (page) => page.toggleNumbers()},
  {id: 'all-line-numbers', title: 'Line numbers everywhere', keys: ['Shift+L'], run: (page) => page.toggleNumbers(true)},
  {id: 'outline', title: 'Outline', icon: 'outline', run: (page) => page.toggleOutline()},
  {id: 'theme', title: 'Light, dark, or as the system has it', icon: 'theme', run: (page) => page.nextTheme()}
];

const general = [
  {id: 'save', title: 'Save now (it is done by itself too)', keys: ['s'], anyKeys: ['Mod+s'], run: (page) => page.saveNow()},
  {id: 'rename', title: 'Rename the notebook', icon: 'edit', changes: true, run: (page) => page.rename()},
  {id: 'checkpoint', title: 'Make a checkpoint', icon: 'flag', changes: true, run: (page) => page.makeCheckpoint()},
  {id: 'restore-checkpoint', title: 'Go back to the last checkpoint', changes: true, run: (page) => page.goBackToCheckpoint()},
  {id: 'download', title: 'Download the notebook', icon: 'download', run: (page) => page.download()},
  ...Object.entries({html: 'an HTML page', markdown: 'Markdown', script: 'a script', slides: 'slides'}).map(([format, name]) => ({
    id: `download-${format}`, title: `Download as ${name}`, changes: true, run: (page) => page.downloadAs(format)
  })),
  {id: 'trust', title: 'Trust the notebook', icon: 'trust', changes: true, run: (page) => page.trustNotebook()},
  {id: 'print', title: 'Print', icon: 'print', run: () => print()},
  {id: 'files', title: 'All files', icon: 'back', run: (page) => location.assign(`${page.base}/tree`)},
  {id: 'find', title: 'Find and replace in the notebook', icon: 'find', keys: ['f'], anyKeys: ['Mod+f'], run: (page) => page.openFind()},
  {id: 'palette', title: 'All commands', icon: 'command', keys: ['p'], anyKeys: ['Mod+Shift+P', 'Mod+Shift+C'], run: (page) => page.openPalette()},
  {id: 'history', title: 'History of the notebook', icon: 'history', keys: ['Shift+H'], run: (page) => page.openHistory()},
  {id: 'cell-history', title: 'History of this cell: who wrote what', icon: 'history', run: (page) => page.openHistory(page.activeId())},
  {id: 'help', title: 'Keys', icon: 'keyboard', keys: ['h'], run: (page) => page.openHelp()},
  {id: 'chat', title: 'Chat', icon: 'chat', run: (page) => page.toggleChat()}
];

const groups = [
  {title: 'Cells', commands: cells},
  {title: 'Running', commands: running},
  {title: 'Moving about', commands: moving},
  {title: 'Looking', commands: looking},
  {title: 'The page', commands: general}
];

const commands = new Map(groups.flatMap((group) => group.commands).map((command) => [command.id, command]));

module.exports = {commands, groups};
