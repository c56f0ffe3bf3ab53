'use strict';
// An output that is a widget: what draws it is loaded with the first.

const VIEW = 'application/vnd.jupyter.widget-view+json';

// Draws a widget in an element; `instead(reason)` draws what else the output has.
function drawWidget(element, {model_id: id}, context, instead) {
  if (!context.connection) return instead('Widgets show in the notebook itself.');
  element.classList.add('widget-host');
  let drop = null;
  let dropped = false;
  element.addEventListener('dropped', () => {
    dropped = true;
    if (drop) drop();
  });
  const shown = document.createElement('p');
  shown.className = 'loading';
  shown.textContent = 'Loading the widget…';
  element.append(shown);
  import('./widgets.mjs').then(async ({show}) => {
    if (dropped) return;
    const take = await show(element, id, context);
    if (dropped) take();
    else drop = take;
  }).catch((error) => dropped || instead(error.message));
}

module.exports = {VIEW, drawWidget};
