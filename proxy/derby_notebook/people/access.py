"""What a signed-in client may read and change; the service's own fields are its alone."""

from __future__ import annotations

from typing import Any, Final

from derby_notebook.people.roles import may_edit
from derby_notebook.service import NotebookService
from derby_notebook.widgets import rules as widgets
from derby_notebook.widgets.views import is_view_channel
from sharedb_py.agent import Agent
from sharedb_py.backend import Backend
from sharedb_py.errors import ErrorCode, OpRejected, ReadRejected
from sharedb_py.messages import Message
from sharedb_py.middleware import PresenceContext, QueryContext, ReadSnapshotsContext
from sharedb_py.submit import SubmitRequest

__all__ = ["OPEN", "GuardedAgent", "guard", "refusal"]

OPEN: Final = frozenset({"notebooks", "cells", "users", "userNotebooks", "messages", "widgets"})
"""The collections that clients may name."""

CELL_FIELDS: Final = frozenset(
    {"source", "metadata", "attachments", "cell_type", "_weight", "_state", "_editors"}
)
"""What a client may change of a cell."""

SHOWN: Final = ("outputs", "execution_count", "_trusted")
"""What only a run makes: a client's new cell has it only as a copy of a cell of the notebook."""

FRESH_CELL: Final[dict[str, tuple[Any, ...]]] = {
    "_state": ("idle", "run", None),
    "_editors": ({}, None),
}
"""What a cell that a client creates may hold in these fields."""

NOTEBOOK_FIELDS: Final[frozenset[str]] = frozenset()


def refusal(
    collection: str, doc_id: str, op: Any, user: dict[str, Any], before: Any = None
) -> str | None:
    """Return why a client's op on a document is refused, None if it is not. Pure."""
    username = user.get("username", "")
    if collection not in OPEN:
        return f"{collection} is not for clients to write"
    if collection == "users":
        return None if doc_id == username else "A user writes only about themself"
    if collection == "userNotebooks":
        return _refuse_private(op, username)
    if not may_edit(user):
        return "You may read this notebook, not change it"
    if collection == "messages":
        return _refuse_message(op, username)
    if collection == "widgets":
        return widgets.refusal(op, before)
    if "del" in op:
        return "A notebook is not for clients to delete" if collection == "notebooks" else None
    if "create" in op:
        return _refuse_create(collection, (op.get("create") or {}).get("data"))
    allowed = CELL_FIELDS if collection == "cells" else NOTEBOOK_FIELDS
    for component in op.get("op") or ():
        reason = _refuse_component(component, allowed, username)
        if reason:
            return reason
    return None


def _refuse_private(op: Any, username: str) -> str | None:
    data = (op.get("create") or {}).get("data")
    if isinstance(data, dict) and data.get("_user") not in (None, username):
        return "What a user sees of a notebook is their own"
    if any(part["p"][:1] in ([], ["_user"]) for part in op.get("op") or ()):
        return "Whose this is does not change"
    return None


def _refuse_message(op: Any, username: str) -> str | None:
    data = (op.get("create") or {}).get("data")
    if isinstance(data, dict) and data.get("_user") != username:
        return "A message bears the name of who wrote it"
    if any(part["p"][:1] in ([], ["_user"]) for part in op.get("op") or ()):
        return "Who wrote a message does not change"
    return None


def _refuse_create(collection: str, data: Any) -> str | None:
    if not isinstance(data, dict):
        return "A document is an object"
    if collection == "notebooks":
        return None if set(data) <= {"id", "name"} else "A new notebook has a name and nothing else"
    for key, value in data.items():
        if key in FRESH_CELL:
            if not any(value == fresh for fresh in FRESH_CELL[key]):
                return f"{key} is written by the notebook service only"
        elif key.startswith("_") and key not in ("_notebook", "_weight", *SHOWN):
            return f"{key} is written by the notebook service only"
    return None if isinstance(data.get("_notebook"), str) else "A cell is in a notebook"


def _refuse_component(component: dict[str, Any], allowed: frozenset[str], user: str) -> str | None:
    path = component["p"]
    field = path[0] if path else None
    if field not in allowed:
        return f"{field or 'A whole document'} is written by the notebook service only"
    if field == "_state" and (len(path) > 1 or component.get("oi") not in ("run", "idle")):
        return "A client may only ask for a run"
    if field == "_editors":
        named = path[1] if len(path) > 1 else None
        if named is None:
            return (
                None
                if component.get("oi") in ({}, {user: 1}) and "od" not in component
                else ("A user enters and leaves a cell for themself")
            )
        return None if named == user else "A user enters and leaves a cell for themself"
    return None


class GuardedAgent(Agent):
    """A client's connection on which other collections cannot even be named."""

    def receive(self, message: Message) -> None:
        """Take a message, unless it is about what is not for clients."""
        collection = message.get("c") if isinstance(message, dict) else None
        if isinstance(collection, str) and collection not in OPEN:
            self.send_error(message, ReadRejected(f"{collection} is not for clients"))
            return
        super().receive(message)


def guard(backend: Backend, service: NotebookService) -> None:
    """Hook the rules into a backend."""

    async def check_write(request: SubmitRequest) -> None:
        custom = request.agent.custom
        user = custom.get("user") or {}
        op = request.op
        if user.get("username"):
            op["m"]["user"] = user["username"]  # histories tell who it was
        if custom.get("service"):
            return
        before = request.snapshot.data if request.snapshot and request.snapshot.exists else None
        reason = refusal(request.collection, request.id, op, user, before)
        if reason is None and request.collection == "userNotebooks" and "create" not in op:
            data = before or {}
            if data.get("_user") not in (None, user.get("username")):
                reason = "What a user sees of a notebook is their own"
        if reason is None and request.collection == "cells":
            reason = await _check_copy(request)
        if reason is not None:
            raise OpRejected(reason, ErrorCode.OP_SUBMIT_REJECTED)
        if request.collection == "cells":
            _note(request, user.get("username", ""))

    async def _check_copy(request: SubmitRequest) -> str | None:
        """A cell that is pasted or brought back keeps what it showed; nothing else is shown."""
        before = request.snapshot.data if request.snapshot and request.snapshot.exists else None
        if "del" in request.op and isinstance(before, dict):
            service.remember_removed(before)
        data = (request.op.get("create") or {}).get("data") or {}
        if not any(data.get(key) not in (None, [], False) for key in SHOWN):
            return None
        if await service.has_shown(data):
            return None
        return "outputs are written by the notebook service only"

    def _note(request: SubmitRequest, username: str) -> None:
        if "create" in request.op:
            service.runners[request.id] = username
        for component in request.op.get("op") or ():
            if component["p"] == ["_state"] and component.get("oi") == "run":
                service.runners[request.id] = username
            if component["p"][:1] == ["_editors"]:
                entered = component.get("oi") not in (None, {})
                service.note_editor(request.agent, request.id, username, entered=entered)

    def check_query(context: QueryContext) -> None:
        custom = context.agent.custom
        if custom.get("service"):
            return
        if context.collection not in OPEN:
            raise ReadRejected(f"{context.collection} is not for clients to read")
        if context.collection == "userNotebooks":
            username = (custom.get("user") or {}).get("username")
            if not isinstance(context.query, dict) or context.query.get("_user") != username:
                raise ReadRejected("What a user sees of a notebook is their own")

    def check_read(context: ReadSnapshotsContext) -> None:
        custom = context.agent.custom
        if custom.get("service"):
            return
        username = (custom.get("user") or {}).get("username")
        for snapshot in context.snapshots:
            data = snapshot.data if snapshot.exists else None
            foreign = context.collection == "userNotebooks" and (
                isinstance(data, dict) and data.get("_user") != username
            )
            if context.collection not in OPEN or foreign:
                text = f"{context.collection} is not for clients to read"
                context.reject_snapshot_read(snapshot, ReadRejected(text))
            elif context.collection == "notebooks" and snapshot.exists:
                service.note_open(context.agent, snapshot.id)

    def check_presence(context: PresenceContext) -> None:
        if is_view_channel(context.presence.get("ch")):
            raise ReadRejected("Only the kernel speaks to the views of widgets")
        value = context.presence.get("p")
        user = context.agent.custom.get("user") or {}
        if isinstance(value, dict) and "userId" in value and user:
            # Nobody shows as somebody else.
            context.presence["p"] = {**value, "userId": user.get("username", "")}

    backend.use("apply", check_write)
    backend.use("query", check_query)
    backend.use("readSnapshots", check_read)
    backend.use("receivePresence", check_presence)
