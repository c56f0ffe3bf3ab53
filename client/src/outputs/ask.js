'use strict';
// A cell whose code waits for input(): a field for whoever may answer.

function renderAsk(cell) {
  const question = cell.get('_input');
  const shown = cell.asking;
  if ((question && question.id) === (shown && shown.id)) return;
  cell.asking = question || null;
  if (!question) return cell.ask.replaceChildren();
  if (cell.page.isViewer()) return cell.ask.replaceChildren(`${question.prompt} (waits for an answer)`);
  const form = formFor(cell, question);
  cell.ask.replaceChildren(form);
  const mine = (cell.get('_run') || {}).user === cell.page.me.userId;
  if (mine && cell.page.isChosen(cell.id)) form.querySelector('input').focus({preventScroll: true});
}

function formFor(cell, {id, prompt, password}) {
  const form = document.createElement('form');
  const label = document.createElement('label');
  const field = document.createElement('input');
  const button = document.createElement('button');
  label.append(prompt || 'The code asks for input:', field);
  field.type = password ? 'password' : 'text';
  field.autocomplete = 'off';
  button.className = 'button';
  button.textContent = 'Answer';
  form.append(label, button);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await cell.page.ask('input', {cell: cell.id, id, value: field.value});
      if (form.contains(document.activeElement)) cell.box.focus({preventScroll: true});
    } catch (error) {
      button.disabled = false;
      cell.page.toast(`The answer did not reach the kernel: ${error.message}.`);
    }
  });
  return form;
}

module.exports = {renderAsk};
