"""A query's results, fetched once or kept up to date (protocol section 5). No I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sharedb_py.client.changes import Done, Listeners, QueryChange
from sharedb_py.client.doc import DocCore, error_of
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import MISSING, JSONObject
from sharedb_py.messages import Message

__all__ = ["QueryCore"]


class QueryCore:
    """One query; ``docs`` are its results in order, ``extra`` what came besides, or ``MISSING``."""

    def __init__(
        self,
        send: Callable[[Message], None],
        find_doc: Callable[[str, str], DocCore],
        query_id: int,
        collection: str,
        query: JSONObject,
        *,
        live: bool,
        done: Done,
    ) -> None:
        self.id = query_id
        self.collection = collection
        self.query = query
        self.live = live
        self.docs: list[DocCore] = []
        self.extra: Any = MISSING
        self.listeners: Listeners[QueryChange] = Listeners()
        self._send = send
        self._find_doc = find_doc
        self._done: Done | None = done
        self._loaded = False

    @property
    def answered(self) -> bool:
        """Whether the server has answered."""
        return self._done is None

    def connected(self) -> None:
        """Ask the server, telling it of the results that are known."""
        message: Message = {
            "a": "qs" if self.live else "qf",
            "id": self.id,
            "c": self.collection,
            "q": self.query,
            "o": {},
        }
        if self._loaded:
            message["r"] = [[doc.id, doc.version] for doc in self.docs]
        self._send(message)

    def finish(self, error: ShareDBError | None) -> None:
        """Tell the one who waits for the first results."""
        done, self._done = self._done, None
        if done is not None:
            done(error)

    def receive(self, message: Message) -> None:
        """Take the answer, or a change of the results."""
        if message["a"] == "q":
            self._change(message)
            return
        error = error_of(message)
        if error is None:
            self._load(message)
        self.finish(error)

    def _load(self, message: Message) -> None:
        data = message.get("data")
        if isinstance(data, dict):  # answers the documents that were known without a version
            for doc_id, payload in data.items():
                if "error" not in payload:
                    self._find_doc(self.collection, doc_id).ingest(payload)
        elif isinstance(data, list):
            self.docs = [self._take(item) for item in data]
            self.extra = message.get("extra", MISSING)
            self._loaded = True
            self.listeners.tell(QueryChange("load", 0, [doc.id for doc in self.docs]))

    def _take(self, item: JSONObject) -> DocCore:
        doc = self._find_doc(self.collection, item["d"])
        doc.ingest(item)
        return doc

    def _change(self, message: Message) -> None:
        if "extra" in message:
            self.extra = message["extra"]
            self.listeners.tell(QueryChange("extra"))
        for step in message.get("diff", ()):
            self.listeners.tell(self._step(step))

    def _step(self, step: JSONObject) -> QueryChange:
        if step["type"] == "insert":
            index = step["index"]
            came = [self._take(item) for item in step["values"]]
            self.docs[index:index] = came
            return QueryChange("insert", index, [doc.id for doc in came])
        start = step["index"] if step["type"] == "remove" else step["from"]
        gone = self.docs[start : start + step["howMany"]]
        del self.docs[start : start + step["howMany"]]
        ids = [doc.id for doc in gone]
        if step["type"] == "remove":
            return QueryChange("remove", start, ids)
        self.docs[step["to"] : step["to"]] = gone
        return QueryChange("move", step["to"], ids)
