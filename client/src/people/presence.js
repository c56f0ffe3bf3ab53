'use strict';
// Who is here and where: told over presence, never stored.
const {colorAmong} = require('./colors');

const ARRIVING_MS = 2500; // for so long others are told that one has just come
const GONE_MS = 60000; // one who only reconnects or reloads does not join again

function followPeople(page) {
  const {model, notebookId} = page;
  const session = model.get('_session') || {};
  const user = session.user || {};
  const me = {
    userId: session.userId, name: user.name || 'Someone', color: user.color || '#64748b', icon: user.icon || null, since: Date.now()
  };
  const presence = model.root.connection.getPresence(`notebook.${notebookId}`);
  const lastSeen = new Map();
  page.present = new Map();
  page.me = me;

  function receive(id, value) {
    if (value) {
      if (value.userId !== me.userId && isArrival(value, lastSeen.get(value.userId), Date.now())) page.toast(`${value.name} joined.`, 'news');
      lastSeen.set(value.userId, Date.now());
      page.present.set(id, {...value, id, moved: moveOf(page.present.get(id), value)});
      differ();
    } else {
      page.present.delete(id);
    }
    page.peopleChanged(id);
  }

  // Two people of one colour could not be told apart: who came later takes another.
  function differ() {
    const color = colorAmong(me, [...page.present.values()]);
    if (color === me.color) return;
    me.color = color;
    submit();
  }

  presence.on('receive', receive);
  presence.on('error', (error) => console.warn('Presence:', error.message));
  presence.subscribe((error) => error && console.warn('No presence:', error.message));
  const mine = presence.create(model.id());
  let said = {cell: page.activeId() || null};
  let arriving = true;
  const submit = () => mine.submit({...me, ...said, arriving}, () => {});
  submit();
  const settled = setTimeout(() => {
    arriving = false;
    submit();
  }, ARRIVING_MS);
  page.says = (value) => {
    said = value;
    submit();
  };
  page.peopleChanged();
  page.on('destroy', () => {
    clearTimeout(settled);
    page.says = () => {};
    presence.removeListener('receive', receive);
    presence.destroy(() => {});
  });
}

// Whether somebody has just come, and not only come back.
function isArrival({arriving}, lastSeen, now) {
  return Boolean(arriving) && !(now - lastSeen < GONE_MS);
}

// A number that grows whenever somebody's caret moves, so that their name shows again.
function moveOf(before, value) {
  if (!before) return 1;
  const same = ['cell', 'anchor', 'head'].every((key) => before[key] === value[key]);
  return same ? before.moved : before.moved + 1;
}

module.exports = {followPeople, isArrival, moveOf};
