"""Presence on one channel: what we say of ourselves, and what others say (section 6). No I/O."""

from __future__ import annotations

from typing import Any

from sharedb_py.client.changes import Done, Listeners, PresenceChange
from sharedb_py.client.doc import DocCore, Line, error_of, own_copy
from sharedb_py.errors import ShareDBError
from sharedb_py.messages import Message

__all__ = ["PresenceCore"]


class PresenceCore:
    """One presence channel; with ``doc``, the presence in a document, such as a cursor.

    ``remote`` holds what others said, by presence id.
    """

    def __init__(
        self,
        line: Line,
        channel: str,
        doc: DocCore | None = None,
    ) -> None:
        self.channel = channel
        self.remote: dict[str, Any] = {}
        self.listeners: Listeners[PresenceChange] = Listeners()
        self._line = line
        self._doc = doc
        self._wanted = False
        self._local: dict[str, Any] = {}
        self._versions: dict[str, int] = {}
        self._heard: dict[str, int] = {}
        self._subscriptions: dict[int, Done] = {}
        self._updates: dict[tuple[str, int], Done] = {}

    def subscribe(self, done: Done) -> None:
        """Hear others, from now on until :meth:`unsubscribe`, reconnects included."""
        self._wanted = True
        self._ask("ps", done)

    def unsubscribe(self, done: Done) -> None:
        """Hear others no more; the server takes our presences on the channel back."""
        self._wanted = False
        self.remote.clear()
        self._heard.clear()
        self._local.clear()
        self._ask("pu", done)

    def _ask(self, action: str, done: Done) -> None:
        seq = self._line.next_seq()
        self._subscriptions[seq] = done
        if self._line.connected:
            self._line.send({"a": action, "ch": self.channel, "seq": seq})
        elif action == "pu":
            self._subscriptions.pop(seq)(None)

    def say(self, presence_id: str, value: Any, done: Done) -> None:
        """Tell others ``value``; None takes it back. Raises ``ShareDBError`` if it is not JSON."""
        value = own_copy({"p": value})["p"]
        if value is None:
            self._local.pop(presence_id, None)
        else:
            self._local[presence_id] = value
        version = self._versions.get(presence_id, -1) + 1
        self._versions[presence_id] = version
        self._updates[presence_id, version] = done
        if self._line.connected:
            self._say(presence_id, value, version)

    def _say(self, presence_id: str, value: Any, version: int) -> None:
        message: Message = {
            "a": "p",
            "ch": self.channel,
            "id": presence_id,
            "p": value,
            "pv": version,
        }
        if self._doc is not None:
            doc = self._doc
            message |= {"c": doc.collection, "d": doc.id, "v": doc.version, "t": doc.type_uri}
        self._line.send(message)

    def connected(self) -> None:
        """Subscribe again, and say again what we said."""
        if self._wanted:
            for seq in list(self._subscriptions)[:-1]:
                # One subscription answers all that wait for one.
                self._subscriptions.pop(seq)(None)
            seq = next(iter(self._subscriptions), None) or self._line.next_seq()
            self._line.send({"a": "ps", "ch": self.channel, "seq": seq})
        self._say_everything()

    def _say_everything(self) -> None:
        for presence_id, value in self._local.items():
            self._versions[presence_id] += 1
            self._say(presence_id, value, self._versions[presence_id])

    def receive(self, message: Message) -> None:
        """Take an answer, somebody's presence, or the wish to hear ours."""
        match message["a"]:
            case "ps" | "pu":
                done = self._subscriptions.pop(message.get("seq") or 0, None)
                if done is not None:
                    done(error_of(message))
            case "pr":
                self._say_everything()
            case "p":
                self._receive_presence(message)

    def _receive_presence(self, message: Message) -> None:
        presence_id, version = message["id"], message.get("pv") or 0
        error = error_of(message)
        if message.get("src") in (None, self._line.src):
            # What is said twice is acknowledged by its last answer.
            for key in [k for k in self._updates if k[0] == presence_id and k[1] <= version]:
                self._updates.pop(key)(error)
            return
        if error is not None or version < self._heard.get(presence_id, -1):
            return
        value = message.get("p")
        if value is None:
            self._heard.pop(presence_id, None)
            if self.remote.pop(presence_id, None) is None:
                return
        else:
            self._heard[presence_id] = version
            self.remote[presence_id] = value
        self.listeners.tell(PresenceChange(presence_id, value))

    def close(self, error: ShareDBError) -> None:
        """Fail all that is not answered."""
        waiting = [*self._subscriptions.values(), *self._updates.values()]
        self._subscriptions.clear()
        self._updates.clear()
        for done in waiting:
            done(error)
