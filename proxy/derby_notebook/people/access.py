"""What a signed-in client may read and change, as hooks of the backend."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

import httpx

from derby_notebook.jupyter.api import JupyterError
from derby_notebook.jupyter.asking import Credentials, Known
from derby_notebook.people.names import shown_name
from derby_notebook.people.reach import Reach
from derby_notebook.people.rules import OPEN, SHOWN, misshapen, refusal, unlimited
from derby_notebook.places import OF_NOTEBOOK
from derby_notebook.service import NotebookService
from derby_notebook.widgets.views import CHANNEL, is_view_channel
from sharedb_py.agent import Agent
from sharedb_py.backend import Backend
from sharedb_py.errors import ErrorCode, OpRejected, ReadRejected, ShareDBError
from sharedb_py.messages import Message
from sharedb_py.middleware import (
    AgentInfo,
    ConnectContext,
    PresenceContext,
    QueryContext,
    ReadSnapshotsContext,
)
from sharedb_py.submit import SubmitRequest

__all__ = ["Access", "GuardedAgent", "guard"]

SOURCE: Final = re.compile(r"[0-9a-f]{32}")
"""What the source of a client's ops looks like: the id that it was greeted with."""
NOT_YOURS: Final = "Jupyter does not let you read this notebook"
READ_ONLY: Final = "Jupyter does not let you write this notebook"


def guard(backend: Backend, service: NotebookService) -> None:
    """Hook the rules into a backend."""
    access = Access(service)
    backend.use("connect", access.know)
    backend.use("apply", access.check_write)
    backend.use("commit", access.check_shape)
    backend.use("query", access.check_query)
    backend.use("readSnapshots", access.check_read)
    backend.use("receivePresence", access.check_presence)


class Access:
    """The rules; the service itself, known by its ``custom``, stands above them."""

    def __init__(self, service: NotebookService) -> None:
        self._service = service
        self._sources: Known[tuple[str, Credentials | None]] = Known()

    def know(self, context: ConnectContext) -> None:
        """Let a connection find the rules."""
        context.agent.custom["access"] = self

    def may_speak_as(self, agent: AgentInfo, source: Any) -> bool:
        """Whether a client may name this as the source of its ops, as one that comes back does.

        Two sources of one name would take each other's ops for ones that came
        already. A client never had the service's name, nor that of another person.
        """
        if not isinstance(source, str) or not SOURCE.fullmatch(source):
            return False
        reach = _reach(agent)
        username = str((agent.custom.get("user") or {}).get("username", ""))
        credentials = reach.credentials if reach is not None else None
        known = self._sources.get(source)
        if known is None:
            self._sources.put(source, (username, credentials))
            return True
        # Who has a token and no cookie is somebody else for Jupyter each time.
        return known[0] == username or (credentials is not None and known[1] == credentials)

    # Writing

    async def check_write(self, request: SubmitRequest) -> None:
        """Refuse what a client may not write."""
        custom = request.agent.custom
        user = custom.get("user") or {}
        if user.get("username"):
            request.op["m"]["user"] = user["username"]  # histories tell who it was
        if custom.get("service"):
            return
        found = request.snapshot
        before = found.data if found is not None and found.exists else None
        reason = refusal(request.collection, request.id, request.op, user, before)
        if reason is None:
            reason = await self._out_of_reach(request, before)
        if reason is None and request.collection == "cells":
            reason = await self._check_copy(request, before)
        if reason is not None:
            raise OpRejected(reason, ErrorCode.OP_SUBMIT_REJECTED)
        if request.collection == "cells":
            self._note(request, user.get("username", ""))

    async def _out_of_reach(self, request: SubmitRequest, before: Any) -> str | None:
        reach = _reach(request.agent)
        if reach is None or request.collection == "users":
            return None
        data = before if before is not None else (request.op.get("create") or {}).get("data")
        write = request.collection != "userNotebooks"
        if request.collection == "notebooks":
            if "create" in request.op:
                path = str((data or {}).get("name"))
                return None if await _at(reach, path) else NOT_YOURS
            notebook_id: Any = request.id
        else:
            notebook_id = data.get("_notebook") if isinstance(data, dict) else None
        if not isinstance(notebook_id, str) or await _may(reach, notebook_id, write=write):
            return None
        return READ_ONLY if write else NOT_YOURS

    async def _check_copy(self, request: SubmitRequest, before: Any) -> str | None:
        """A cell that is pasted or brought back keeps what it showed; nothing else is shown."""
        if "del" in request.op and isinstance(before, dict):
            self._service.shown.remember(before)
        data = (request.op.get("create") or {}).get("data") or {}
        if not any(data.get(key) not in (None, [], False) for key in SHOWN):
            return None
        if await self._service.shown.has(data):
            return None
        return "outputs are written by the notebook service only"

    def _note(self, request: SubmitRequest, username: str) -> None:
        if "create" in request.op:
            self._service.runners[request.id] = username
        for component in request.op.get("op") or ():
            if component["p"] == ["_state"] and component.get("oi") == "run":
                self._service.runners[request.id] = username
            if component["p"][:1] == ["_editors"]:
                entered = component.get("oi") not in (None, {})
                self._service.note_editor(request.agent, request.id, username, entered=entered)

    def check_shape(self, request: SubmitRequest) -> None:
        """Refuse what would leave a document that is no cell."""
        after = request.snapshot
        if request.agent.custom.get("service") or after is None or not after.exists:
            return
        reason = misshapen(request.collection, after.data)
        if reason is not None:
            raise OpRejected(reason, ErrorCode.OP_SUBMIT_REJECTED)

    # Reading

    async def check_query(self, context: QueryContext) -> None:
        """Refuse a query that could see what its client may not read."""
        custom = context.agent.custom
        if custom.get("service"):
            return
        if context.collection not in OPEN:
            raise ReadRejected(f"{context.collection} is not for clients to read")
        query = context.query
        if context.collection == "userNotebooks":
            username = (custom.get("user") or {}).get("username")
            if not isinstance(query, dict) or query.get("_user") != username:
                raise ReadRejected("What a user sees of a notebook is their own")
        elif reason := unlimited(context.collection, query):
            raise ReadRejected(reason)
        if not await self._may_look(_reach(context.agent), context.collection, query):
            raise ReadRejected(NOT_YOURS)

    async def _may_look(self, reach: Reach | None, collection: str, query: Any) -> bool:
        """Whether the notebook that a query names is one that may be read."""
        if reach is None or collection == "users":
            return True
        if collection == "notebooks" and "_id" not in query:
            return await _at(reach, query["name"])
        named = query.get("_id" if collection == "notebooks" else "_notebook")
        return not isinstance(named, str) or await _may(reach, named)

    async def check_read(self, context: ReadSnapshotsContext) -> None:
        """Refuse the documents that a client may not read."""
        custom = context.agent.custom
        if custom.get("service"):
            return
        for snapshot in context.snapshots:
            data = snapshot.data if snapshot.exists else None
            reason = await self._unreadable(context.agent, context.collection, snapshot.id, data)
            if reason is not None:
                context.reject_snapshot_read(snapshot, ReadRejected(reason))
            elif context.collection == "notebooks" and snapshot.exists:
                self._opened(context.agent, snapshot.id)

    async def check_ops(self, agent: AgentInfo, collection: str, ids: Collection[str]) -> None:
        """Raise ``ReadRejected`` if the ops of one of the documents are not for a client."""
        for doc_id in ids:
            data = await self._service.places.data_of(collection, doc_id)
            if reason := await self._unreadable(agent, collection, doc_id, data):
                raise ReadRejected(reason)
            if collection == "notebooks":
                self._opened(agent, doc_id)

    async def _unreadable(
        self, agent: AgentInfo, collection: str, doc_id: str, data: Any
    ) -> str | None:
        if collection not in OPEN:
            return f"{collection} is not for clients to read"
        username = (agent.custom.get("user") or {}).get("username")
        if collection == "userNotebooks" and isinstance(data, dict):
            if data.get("_user") != username:
                return "What a user sees of a notebook is their own"
        reach = _reach(agent)
        if reach is None:
            return None
        notebook_id: Any = doc_id if collection == "notebooks" else None
        if collection in OF_NOTEBOOK and isinstance(data, dict):
            notebook_id = data.get("_notebook")
        if isinstance(notebook_id, str) and not await _may(reach, notebook_id):
            return NOT_YOURS
        return None

    def _opened(self, agent: AgentInfo, notebook_id: str) -> None:
        self._service.note_open(agent, notebook_id)
        if reach := _reach(agent):
            reach.opened.add(notebook_id)

    # Presence

    async def check_channel(self, agent: AgentInfo, channel: str) -> None:
        """Raise ``ReadRejected`` if who is on a channel is not for a client to know."""
        if is_view_channel(channel):
            collection, doc_id = "notebook", channel.removeprefix(CHANNEL)
        else:
            collection, _, doc_id = channel.partition(".")
        if collection not in ("notebook", "notebooks", "cells"):
            raise ReadRejected("Presence is told on notebook.ID and cells.ID")
        reach = _reach(agent)
        if reach is None:
            return
        named: str | None = doc_id
        if collection == "cells":
            named = await self._service.places.notebook_of("cells", doc_id)
        if named is not None and not await _may(reach, named):
            raise ReadRejected(NOT_YOURS)

    async def check_presence(self, context: PresenceContext) -> None:
        """Nobody shows as somebody else, nor where they may not be."""
        presence, custom = context.presence, context.agent.custom
        if custom.get("service"):
            return
        if is_view_channel(presence.get("ch")):
            raise ReadRejected("Only the kernel speaks to the views of widgets")
        await self.check_channel(context.agent, str(presence.get("ch")))
        value, user = presence.get("p"), custom.get("user") or {}
        if isinstance(value, dict) and user:
            true = {"userId": user.get("username", ""), "name": shown_name(user)}
            presence["p"] = {**value, **{key: true[key] for key in true if key in value}}


def _reach(agent: AgentInfo) -> Reach | None:
    """Return what Jupyter lets a client reach; None in this process, where it is not asked."""
    found = agent.custom.get("reach")
    return found if isinstance(found, Reach) else None


async def _may(reach: Reach, notebook_id: str, *, write: bool = False) -> bool:
    try:
        return await reach.may(notebook_id, write=write)
    except httpx.HTTPError as error:
        raise ReadRejected("The Jupyter Server does not answer whether you may") from error


async def _at(reach: Reach, path: str) -> bool:
    try:
        return await reach.may_at(path)
    except JupyterError as error:
        raise OpRejected(error.message, ErrorCode.OP_SUBMIT_REJECTED) from error
    except httpx.HTTPError as error:
        raise ReadRejected("The Jupyter Server does not answer whether you may") from error


class GuardedAgent(Agent):
    """A client's connection on which other collections cannot even be named."""

    def receive(self, message: Message) -> None:
        """Take a message, unless it is about what is not for clients."""
        try:
            self._check(message)
        except ShareDBError as error:
            self.send_error(message, error)
            return
        super().receive(message)

    def _check(self, message: Message) -> None:
        if not isinstance(message, dict):
            return
        collection, action = message.get("c"), message.get("a")
        if isinstance(collection, str) and collection not in OPEN:
            raise ReadRejected(f"{collection} is not for clients")
        access = self._access()
        access.may_speak_as(self, self.client_id)
        source = message.get({"hs": "id", "op": "src"}.get(str(action), ""))
        if source and not access.may_speak_as(self, source):
            raise OpRejected("This source is not yours", ErrorCode.OP_SUBMIT_REJECTED)

    async def admit(self, collection: str, ids: Collection[str]) -> None:
        """Raise for documents whose ops are not for this client."""
        await self._access().check_ops(self, collection, ids)

    async def admit_to_channel(self, channel: str) -> None:
        """Raise for a presence channel that is not for this client."""
        await self._access().check_channel(self, channel)

    def _access(self) -> Access:
        access = self.custom.get("access")
        assert isinstance(access, Access), "guard() was not called on this backend"
        return access
