'use strict';
// The connection to the server: reconnects by itself after whatever ended it.
//
// Nothing is queued while offline; ShareDB sends again what matters once it is connected.

const FIRST_DELAY = 250;
const LONGEST_DELAY = 5000;

class Socket {
  constructor(url) {
    this.url = url;
    this.readyState = 3;
    this.failures = 0;
    this.timer = null;
    const hurry = () => this.timer && this.open();
    window.addEventListener('online', hurry);
    document.addEventListener('visibilitychange', () => document.hidden || hurry());
    this.open();
  }

  open() {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.readyState < 2) return;
    this.readyState = 0;
    const socket = this.socket = new WebSocket(this.url);
    socket.onopen = () => {
      this.readyState = 1;
      this.failures = 0;
      this.onopen();
    };
    socket.onmessage = (event) => this.onmessage(event);
    socket.onclose = () => this.lost(socket);
  }

  lost(socket) {
    if (socket !== this.socket) return;
    this.readyState = 3;
    this.onclose('disconnected');
    const longest = Math.min(FIRST_DELAY * 2 ** this.failures++, LONGEST_DELAY);
    this.timer = setTimeout(() => this.open(), longest * (0.5 + Math.random() / 2));
  }

  send(text) {
    this.socket.send(text);
  }

  close() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    this.readyState = 3;
    socket.close();
    this.onclose('closed');
  }

  onopen() {}
  onmessage() {}
  onclose() {}
}

module.exports = {Socket};
