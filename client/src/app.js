'use strict';
// The application: its views, its components, its route, and what a person can do on the page.
const derby = require('derby');

const app = module.exports = derby.createApp('notebook', __filename);

app.loadViews(__dirname + '/views/index.html', '');
app.component(require('./cells/cell').Cell);
require('./page/route')(app);

Object.assign(
  app.proto,
  require('./page/showing'),
  require('./page/header'),
  require('./page/history'),
  require('./page/saving'),
  require('./page/file-menu'),
  require('./page/dialogs'),
  require('./page/menus'),
  require('./page/toasts'),
  require('./page/toolbar-keys'),
  require('./page/theme'),
  require('./cells/selection'),
  require('./cells/cell-tools'),
  require('./cells/changes'),
  require('./cells/clipboard'),
  require('./cells/dragging'),
  require('./cells/folding'),
  require('./cells/section-folding'),
  require('./commands/dispatch'),
  require('./commands/palette'),
  require('./kernel/actions'),
  require('./kernel/format'),
  require('./outputs/clear'),
  require('./people/places'),
  require('./people/mine'),
  require('./chat/chat'),
  require('./search/find'),
  require('./outline/outline'),
  {icon: require('./icons/icons').icon}
);
