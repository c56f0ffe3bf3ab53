// Names for what the official controls leave nameless to those who do not see the page.

const HANDLES = '.noUi-handle:not([aria-label])';

// Names sliders' handles by their descriptions, now and whenever more come; returns what stops it.
export function nameHandles(root) {
  const name = () => {
    for (const handle of root.querySelectorAll(HANDLES)) {
      const box = handle.closest('.widget-inline-hbox, .widget-inline-vbox, .jupyter-widgets');
      const label = box && box.querySelector('.widget-label');
      const [lower, upper] = handle.closest('.noUi-target').querySelectorAll('.noUi-handle');
      const part = !upper ? '' : handle === lower ? ', from' : ', to';
      handle.setAttribute('aria-label', ((label && label.textContent.trim()) || 'Slider') + part);
    }
    for (const field of root.querySelectorAll('.widget-readout[contenteditable]:not([aria-label])')) {
      const label = field.parentElement.querySelector('.widget-label');
      field.setAttribute('role', 'textbox');
      field.setAttribute('aria-label', `${(label && label.textContent.trim()) || 'Slider'}, value`);
    }
    for (const bar of root.querySelectorAll('.progress:not([role])')) {
      const label = bar.parentElement.querySelector('.widget-label');
      bar.setAttribute('role', 'progressbar');
      bar.setAttribute('aria-label', (label && label.textContent.trim()) || 'Progress');
    }
  };
  const observer = new MutationObserver(name);
  observer.observe(root, {childList: true, subtree: true});
  name();
  return () => observer.disconnect();
}
