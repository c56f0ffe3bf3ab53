'use strict';
// Where the browser starts: the socket is defined before the application is loaded.
const {Model} = require('racer');
const {Socket} = require('./socket');

Model.prototype._createSocket = function(bundle) {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return new Socket(`${scheme}//${location.host}${bundle.channel}`);
};

const app = require('./app');

window.derbyNotebook = app; // a handle for the console and for tests

// The page comes as data; the first render is the route's, in the browser.
app.on('ready', () => app.history.refresh());
