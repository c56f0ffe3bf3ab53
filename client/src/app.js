'use strict';
// The application: its views, its components and its one route.
const derby = require('derby');

const app = module.exports = derby.createApp('notebook', __filename);

app.loadViews(__dirname + '/views/index.html', '');
app.component(require('./cells/cell').Cell);
require('./page/route')(app);
require('./page/actions')(app);
