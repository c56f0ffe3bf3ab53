// Pictures that are pasted into or dropped on a markdown cell become its attachments.
import {EditorView} from '@codemirror/view';
import {attachmentName, insertedText} from './attachments.js';

const pictures = (transfer) => [...(transfer ? transfer.files : [])].filter((file) => file.type.startsWith('image/'));

const base64 = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(String(reader.result).split(',')[1]);
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

async function attach(cell, view, files) {
  for (const file of files) {
    const data = await base64(file);
    const name = attachmentName(file.name, cell.get('attachments') || {});
    cell.attach(name, {[file.type]: data});
    view.dispatch(view.state.replaceSelection(insertedText(name)));
  }
}

export function attachmentDrop(cell) {
  function take(transfer, event, view) {
    const files = pictures(transfer);
    if (!files.length || cell.get('cell_type') !== 'markdown' || cell.page.isViewer()) return false;
    event.preventDefault();
    attach(cell, view, files).catch((error) => cell.page.toast(`The picture was not attached: ${error.message}`));
    return true;
  }
  return EditorView.domEventHandlers({
    paste: (event, view) => take(event.clipboardData, event, view),
    drop(event, view) {
      const at = view.posAtCoords({x: event.clientX, y: event.clientY});
      if (at !== null && pictures(event.dataTransfer).length) view.dispatch({selection: {anchor: at}});
      return take(event.dataTransfer, event, view);
    }
  });
}
