'use strict';
// What is one person's own: how they look at this notebook, and how others see them.

// A document id or key that may hold any name: a dot would end a path segment.
const safe = (name) => encodeURIComponent(name).replace(/\./g, '%2E');

module.exports = {
  loadMine() {
    const root = this.model.root;
    const userId = this.model.get('_session.userId');
    const id = safe(`${this.notebookId}-${userId}`);
    const doc = root.at(`userNotebooks.${id}`);
    root.subscribe(doc, (error) => {
      if (error) return console.warn('Own settings were not loaded:', error.message);
      const local = this.model.getDeepCopy('_page.mine') || {};
      if (!doc.get()) root.add('userNotebooks', {id, _user: userId, _notebook: this.notebookId, folded: {}, rendered: {}, read: 0, ...local});
      this.model.ref('_page.mine', doc);
      this.showFolds();
      this.countUnread();
    });
    this.tellName(userId);
  },

  // Keeps a value for this person, here at once and with the server when it is there.
  keepMine(path, value) {
    if (!this.model.get('_page.mine')) this.model.set('_page.mine', {folded: {}});
    this.model.set(`_page.mine.${path}`, value);
  },

  // Others read in `users` who wrote a message or ran a cell when that person is gone.
  tellName(userId) {
    if (userId !== safe(userId) || this.isViewer()) return;
    const {name, icon} = this.me;
    const {color} = {...this.me, ...this.model.get('_session.user')}; // not one taken for today only
    const doc = this.model.root.at(`users.${userId}`);
    this.model.root.subscribe(doc, (error) => {
      if (error) return;
      const known = doc.get();
      if (!known) this.model.root.add('users', {id: userId, name, color, icon});
      else for (const [key, value] of Object.entries({name, color, icon})) if (known[key] !== value) doc.set(key, value);
    });
  },

  // The name of a user, as far as it is known; a name that comes later calls `then`.
  nameOf(userId, then) {
    if (this.me && userId === this.me.userId) return this.me.name;
    const here = [...(this.present || new Map()).values()].find((person) => person.userId === userId);
    if (here) return here.name;
    const known = this.model.root.get(`users.${safe(userId)}`);
    if (known) return known.name;
    if (userId === safe(userId) && !this.asked.has(userId)) {
      this.asked.add(userId);
      this.model.root.fetch(`users.${userId}`, (error) => !error && then && then());
    }
    return 'somebody';
  },

  colorOf(userId) {
    const here = [...(this.present || new Map()).values()].find((person) => person.userId === userId);
    const known = here || (this.me && this.me.userId === userId && this.me) || this.model.root.get(`users.${safe(userId)}`);
    return known ? known.color : '#64748b';
  }
};
