'use strict';
// What a model's views write, on its way to the model's document: the first at once, then in steps.
//
// While an op is on its way, values gather, the last of each key counts; messages all count.

const PAUSE_MS = 50;

class Outbox {
  // `submit(values, messages)` makes an op of both, and returns a promise for when it is taken.
  constructor(submit, pause = PAUSE_MS) {
    this.submit = submit;
    this.pause = pause;
    this.values = {};
    this.messages = [];
    this.waiting = [];
    this.busy = false;
  }

  has(key) {
    return key in this.values;
  }

  // Returns a promise for when the server has it, or has refused it.
  write(values) {
    Object.assign(this.values, values);
    return this.soon();
  }

  send(message) {
    this.messages.push(message);
    return this.soon();
  }

  soon() {
    const taken = new Promise((resolve) => this.waiting.push(resolve));
    if (!this.busy) this.flush();
    return taken;
  }

  async flush() {
    const {values, messages, waiting} = this;
    this.values = {};
    this.messages = [];
    this.waiting = [];
    this.busy = true;
    const rest = new Promise((resolve) => setTimeout(resolve, this.pause));
    try {
      await this.submit(values, messages);
    } catch (error) {
      console.warn('A widget was not changed:', error.message);
    }
    for (const resolve of waiting) resolve();
    await rest;
    this.busy = false;
    if (this.waiting.length) this.flush();
  }
}

module.exports = {Outbox};
