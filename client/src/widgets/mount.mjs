// Puts the view of a model into an element.
import {MessageLoop} from '@lumino/messaging';
import {Widget} from '@lumino/widgets';
import {nameHandles} from './names.mjs';

// `context` is that of the outputs: what Output widgets show is drawn by it. Returns a promise for
// what takes the view down.
export async function mount(element, manager, modelId, context) {
  const model = await manager.get_model(modelId);
  const view = await manager.create_view(model, {context});
  await connected(element);
  // Lumino wants to know when a view gets into the page, and what it shows measures itself then.
  MessageLoop.sendMessage(view.luminoWidget, Widget.Msg.BeforeAttach);
  element.replaceChildren(view.el);
  MessageLoop.sendMessage(view.luminoWidget, Widget.Msg.AfterAttach);
  const stopNaming = nameHandles(element);
  return () => {
    stopNaming();
    view.remove();
  };
}

async function connected(element) {
  for (let frames = 0; !element.isConnected && frames < 600; frames++) await new Promise(requestAnimationFrame);
}
