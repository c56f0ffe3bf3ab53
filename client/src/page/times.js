'use strict';

// When something was, as a person says it: the time alone if it was today.
function shownTime(iso, now = new Date()) {
  const then = new Date(iso);
  const time = then.toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
  return then.toDateString() === now.toDateString() ? time : `${then.toLocaleDateString()}, ${time}`;
}

module.exports = {shownTime};
