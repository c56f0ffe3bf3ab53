"""What a signed-in client may change; everything the service does is its own business."""

from __future__ import annotations

from typing import Any, Final

from derby_notebook.service import NotebookService
from sharedb_py.backend import Backend
from sharedb_py.errors import ErrorCode, OpRejected, ReadRejected
from sharedb_py.middleware import QueryContext
from sharedb_py.submit import SubmitRequest

__all__ = ["guard"]

_OPEN: Final = {"notebooks", "cells", "users", "userNotebooks", "messages"}
_SERVICE_OWNED: Final = {
    "cells": {"outputs", "execution_count", "_run", "_notebook", "id"},
    "notebooks": {"name", "session", "_save", "contents"},
}


def guard(backend: Backend, service: NotebookService) -> None:
    """Hook the rules into a backend."""

    def check_write(request: SubmitRequest) -> None:
        if request.agent.custom.get("service"):
            return
        if request.collection not in _OPEN:
            raise _refused(f"{request.collection} is not for clients to write")
        user = request.agent.custom.get("user") or {}
        if request.collection == "users" and request.id != user.get("username"):
            raise _refused("A user writes only about themself")
        _check_fields(request)
        if request.collection == "cells" and _sets_run(request.op.get("op")):
            service.runners[request.id] = user.get("username", "")

    def check_query(context: QueryContext) -> None:
        if not context.agent.custom.get("service") and context.collection not in _OPEN:
            raise ReadRejected(f"{context.collection} is not for clients to read")

    backend.use("apply", check_write)
    backend.use("query", check_query)


def _refused(message: str) -> OpRejected:
    return OpRejected(message, ErrorCode.OP_SUBMIT_REJECTED)


def _check_fields(request: SubmitRequest) -> None:
    owned = _SERVICE_OWNED.get(request.collection, set())
    components: Any = request.op.get("op")
    for component in components if isinstance(components, list) else ():
        path = component["p"]
        field = path[0] if path else None
        if field is None or field in owned:
            raise _refused(f"{field or 'A whole document'} is written by the notebook service only")
        if field == "_state" and component.get("oi") not in ("run", None):
            raise _refused("A client may only ask for a run")


def _sets_run(components: Any) -> bool:
    return any(
        component.get("p") == ["_state"] and component.get("oi") == "run"
        for component in (components if isinstance(components, list) else ())
    )
