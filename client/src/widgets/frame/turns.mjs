// What a model hears, one message after the other: the next once the pictures of the last are there.
//
// Libraries draw by setting the source of an image and waiting for its load. The next source, set
// before that, cancels it, and with it the picture that later ones build on: what people at two
// browsers ask a kernel for comes in such close succession.
const PATIENCE_MS = 5000;

export class Turns {
  // `hear(message)` is called in turn, and may return a promise; `pictures()` returns the images that are being loaded.
  constructor(hear, pictures) {
    this.hear = hear;
    this.pictures = pictures;
    this.waiting = [];
    this.busy = false;
  }

  put(message) {
    this.waiting.push(message);
    if (!this.busy) this.work();
  }

  async work() {
    this.busy = true;
    while (this.waiting.length) {
      try {
        await this.hear(this.waiting.shift()); // values that it brings are set, too
      } catch (error) {
        console.error('A widget could not take a message:', error);
      }
      const loading = this.pictures();
      if (loading.length) await Promise.all(loading.map(loaded));
    }
    this.busy = false;
  }
}

function loaded(image) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS);
    for (const end of ['load', 'error']) {
      image.addEventListener(end, () => {
        clearTimeout(timer);
        resolve();
      }, {once: true});
    }
  });
}
