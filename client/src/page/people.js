'use strict';
// Who is here: told over presence, never stored.

function followPeople(page, model, notebookId) {
  const session = model.get('_session') || {};
  const user = session.user || {};
  const me = {userId: session.userId, name: user.name || 'Someone', color: user.color || '#64748b'};
  const presence = model.root.connection.getPresence(`notebook.${notebookId}`);
  const present = new Map();
  const update = () => {
    const others = new Map([...present.values()].map((person) => [person.userId, person]));
    others.delete(me.userId);
    model.set('_page.people', [{...me, me: true}, ...[...others.values()].sort((a, b) => (a.name < b.name ? -1 : 1))]);
  };
  const receive = (id, value) => {
    value ? present.set(id, value) : present.delete(id);
    update();
  };
  presence.on('receive', receive);
  presence.subscribe((error) => error && console.warn('No presence:', error.message));
  const mine = presence.create(model.id());
  mine.submit({...me, cell: null}, () => {});
  update();
  page.says = (value) => mine.submit({...me, ...value}, () => {});
  page.on('destroy', () => {
    page.says = null;
    presence.removeListener('receive', receive);
    presence.destroy(() => {});
  });
}

module.exports = {followPeople};
