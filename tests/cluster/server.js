// A Node server of the cluster: node server.js PORT MONGO-URL REDIS-URL
'use strict';

const path = require('path');
const http = require('http');
const {createRequire} = require('module');
const load = createRequire(path.join(__dirname, '..', 'interop', 'package.json'));
const Backend = load('sharedb-7');
const {Duplex} = require('stream');

const [port, mongo, redis] = process.argv.slice(2);
const {createClient} = load('redis');

function client() {
  const made = createClient({url: redis});
  made.on('error', () => {}); // it connects again by itself
  return made;
}

const backend = new Backend({
  db: load('sharedb-mongo')(mongo),
  pubsub: load('sharedb-redis-pubsub')({client: client(), observer: client()}),
  presence: true,
  doNotForwardSendPresenceErrorsToClient: true
});

class Stream extends Duplex {
  constructor(socket) {
    super({objectMode: true});
    socket.on('message', (data) => this.push(JSON.parse(data)));
    socket.on('close', () => {
      this.push(null);
      this.end();
      this.emit('close');
      this.emit('end');
      this.destroy();
    });
    this.socket = socket;
    this.on('finish', () => socket.close());
  }
  _read() {}
  _write(message, encoding, done) {
    if (this.socket.readyState === 1) this.socket.send(JSON.stringify(message));
    done();
  }
}

const server = http.createServer();
const {WebSocketServer} = load('ws');
new WebSocketServer({server}).on('connection', (socket) => backend.listen(new Stream(socket)));
server.listen(Number(port), '127.0.0.1', () => console.log(`serving on ${port}`));
process.on('SIGINT', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
process.on('unhandledRejection', (error) => console.error('unhandled', error.message));
