// Where the official controls do not suit a page that several people share, or that is strict.
import {HTMLMathView, HTMLView, PlayModel} from '@jupyter-widgets/controls';
import {sanitized} from '../outputs/sanitize.js';

// Every browser would advance the value: the one whose person pressed Play does.
class SharedPlayModel extends PlayModel {
  play() {
    this.isMine = !this.get('playing');
    super.play();
  }

  animate() {
    if (this.isMine) super.animate();
  }

  loop() {
    if (this.isMine) super.loop();
  }
}

// What a kernel wrote is cut down to what only shows, as every output is.
const clean = (View) => class extends View {
  update() {
    this.content.replaceChildren(sanitized(this.model.get('value') || ''));
    return Object.getPrototypeOf(View.prototype).update.call(this); // its own would take it as it is
  }
};

export const ours = {PlayModel: SharedPlayModel, HTMLView: clean(HTMLView), HTMLMathView: clean(HTMLMathView)};
