'use strict';
// The peer: npm sharedb with its memory database over ws, as its documentation shows it.
// Usage: node node_server.js PORT
const path = require('node:path');
const {createRequire} = require('node:module');
const from = createRequire(path.join(__dirname, '..', 'tests', 'interop', 'package.json'));
const {WebSocketServer} = from('ws');
const Backend = from('sharedb-7');
const {Duplex} = require('node:stream');

class SocketStream extends Duplex {
  constructor(socket) {
    super({objectMode: true});
    socket.on('message', (data) => this.push(JSON.parse(data)));
    socket.on('close', () => { this.push(null); this.end(); });
    this.socket = socket;
  }
  _read() {}
  _write(message, _encoding, done) {
    if (this.socket.readyState === 1) this.socket.send(JSON.stringify(message));
    done();
  }
}

const backend = new Backend({presence: true, doNotForwardSendPresenceErrorsToClient: true});
const server = new WebSocketServer({host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: false});
server.on('connection', (socket) => backend.listen(new SocketStream(socket)));
server.on('listening', () => console.log('listening'));
