'use strict';
// Messages as the page shows them.

const TOGETHER_MS = 3 * 60000;

// Oldest first; one that follows another of the same person soon is shown beneath it without a name.
function messagesOf(docs, notebookId, me) {
  const sorted = Object.values(docs)
    .filter((doc) => doc && doc._notebook === notebookId)
    .sort((a, b) => (a.created || 0) - (b.created || 0) || (a.id < b.id ? -1 : 1));
  return sorted.map((doc, index) => {
    const before = sorted[index - 1];
    const goesOn = Boolean(before) && before._user === doc._user && doc.created - before.created < TOGETHER_MS;
    return {id: doc.id, user: doc._user, source: String(doc.source || ''), created: doc.created || 0, goesOn, mine: doc._user === me};
  });
}

function unreadOf(messages, read) {
  return messages.filter((message) => !message.mine && message.created > read).length;
}

module.exports = {messagesOf, unreadOf};
