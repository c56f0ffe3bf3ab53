'use strict';
// Talking beside the notebook: messages in markdown, and how many are unread.
const {listenTo} = require('../page/listening');
const {messagesOf, unreadOf} = require('./messages');
const {withRenderers} = require('../outputs/renderers');

module.exports = {
  loadChat() {
    const root = this.model.root;
    const query = root.query('messages', {_notebook: this.notebookId});
    root.subscribe(query, (error) => {
      if (error) return console.warn('No chat:', error.message);
      this.chatLoaded = true;
      this.on('destroy', listenTo(root, 'all', ['messages.*'], () => this.chatChanged()));
      this.chatChanged();
    });
  },

  chatChanged() {
    const list = messagesOf(this.model.root.get('messages') || {}, this.notebookId, this.me.userId);
    this.model.setDiffDeep('_page.messages', list.map((message) => ({
      ...message,
      name: this.nameOf(message.user, () => this.chatChanged()),
      color: this.colorOf(message.user),
      time: new Date(message.created).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'})
    })));
    if (this.model.get('_page.chat')) this.readChat();
    this.countUnread();
    if (document.querySelector('.chat-log')) withRenderers('markdown', (renderers) => this.drawMessages(renderers));
  },

  drawMessages({markdownFragment}) {
    const log = document.querySelector('.chat-log');
    if (!log) return;
    for (const element of log.querySelectorAll('.chat-text')) {
      if (element.dataset.drawn === element.dataset.source) continue;
      element.dataset.drawn = element.dataset.source;
      element.replaceChildren(markdownFragment(element.dataset.source));
    }
    log.scrollTop = log.scrollHeight;
  },

  countUnread() {
    if (!this.chatLoaded) return;
    const read = this.model.get('_page.mine.read') || 0;
    this.model.set('_page.unread', unreadOf(this.model.get('_page.messages') || [], read));
  },

  readChat() {
    const list = this.model.get('_page.messages') || [];
    const last = list.length ? list[list.length - 1].created : 0;
    if (last > (this.model.get('_page.mine.read') || 0)) this.keepMine('read', last);
    this.countUnread();
  },

  toggleChat(on) {
    const open = on === undefined ? !this.model.get('_page.chat') : on;
    this.model.set('_page.chat', open);
    if (!open) return this.giveFocusBack();
    this.beforeDialog = document.activeElement;
    this.chatChanged();
    this.focusNow('#chat-input');
  },

  chatKey(event) {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.sendMessage();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      this.toggleChat(false);
    }
  },

  sendMessage() {
    const source = (this.model.get('_page.chatText') || '').trim();
    if (!source || this.isViewer()) return;
    this.model.set('_page.chatText', '');
    this.model.root.add('messages', {
      _notebook: this.notebookId, _user: this.me.userId, source: source.slice(0, 20000), created: Date.now()
    });
  },

  unreadText(unread) {
    return unread > 99 ? '99+' : String(unread || '');
  },

  chatTitle(unread) {
    return unread ? `Chat, ${unread} unread` : 'Chat';
  }
};
