'use strict';
// Who is here and where: told over presence, never stored.

const GRACE_MS = 2500; // those who were here before us do not join
const GONE_MS = 60000; // nor does one who only reconnects

function followPeople(page) {
  const {model, notebookId} = page;
  const session = model.get('_session') || {};
  const user = session.user || {};
  const me = {userId: session.userId, name: user.name || 'Someone', color: user.color || '#64748b', icon: user.icon || null};
  const presence = model.root.connection.getPresence(`notebook.${notebookId}`);
  const started = Date.now();
  const lastSeen = new Map([[me.userId, Infinity]]);
  page.present = new Map();
  page.me = me;

  function receive(id, value) {
    if (value) {
      const before = page.present.get(id);
      greet(value);
      page.present.set(id, {...value, id, moved: moveOf(before, value)});
    } else {
      page.present.delete(id);
    }
    page.peopleChanged(id);
  }

  function greet({userId, name}) {
    const fresh = Date.now() - (lastSeen.get(userId) || 0) > GONE_MS;
    lastSeen.set(userId, lastSeen.get(userId) === Infinity ? Infinity : Date.now());
    if (fresh && Date.now() - started > GRACE_MS) page.toast(`${name} joined.`, 'news');
  }

  presence.on('receive', receive);
  presence.on('error', (error) => console.warn('Presence:', error.message));
  presence.subscribe((error) => error && console.warn('No presence:', error.message));
  const mine = presence.create(model.id());
  let said = {cell: page.activeId() || null};
  const submit = () => mine.submit({...me, ...said}, () => {});
  submit();
  page.says = (value) => {
    said = value;
    submit();
  };
  page.peopleChanged();
  page.on('destroy', () => {
    page.says = () => {};
    presence.removeListener('receive', receive);
    presence.destroy(() => {});
  });
}

// A number that grows whenever somebody's caret moves, so that their name shows again.
function moveOf(before, value) {
  if (!before) return 1;
  const same = ['cell', 'anchor', 'head'].every((key) => before[key] === value[key]);
  return same ? before.moved : before.moved + 1;
}

module.exports = {followPeople, moveOf};
