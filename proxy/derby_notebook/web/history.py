"""Answers the replay page: ``/derby/notebooks/ID/history…``, for whoever may see the notebook."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeAlias, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from derby_notebook.history import telling
from derby_notebook.history.library import Library
from derby_notebook.history.line import NotebookLine
from derby_notebook.history.moments import parse_moment
from derby_notebook.history.restorer import Restored, Restorer, TooLate
from derby_notebook.service import NotebookService
from derby_notebook.web.asking import Refused, read_body, text_of
from derby_notebook.web.encodings import compress
from derby_notebook.web.gate import Gate
from derby_notebook.web.identity import Caller
from sharedb_py.errors import ShareDBError

__all__ = ["History"]

_Body: TypeAlias = dict[str, Any]
_Question: TypeAlias = Callable[[NotebookLine, _Body, Caller], Awaitable[Any]]


class History:
    """What may be asked, by name; what changes the notebook is for editors."""

    def __init__(self, service: NotebookService, gate: Gate, base: str) -> None:
        self._service = service
        self._gate = gate
        self._base = base
        self._library = Library(service.backend, service.hooks)
        self._restorer = Restorer(service.backend, self._library)
        self._questions: Final[dict[str, _Question]] = {
            "ops": self._ops,
            "state": self._state,
            "step": self._step,
            "cell": self._cell,
            "diff": self._diff,
        }
        self._changes: Final[dict[str, _Question]] = {"restore": self._restore, "undo": self._undo}

    def routes(self) -> list[BaseRoute]:
        """Return what is served here."""
        history = f"{self._base}/derby/notebooks/{{notebook}}/history"
        return [
            Route(history, self.overview),
            Route(f"{history}/{{question}}", self.answer, methods=["POST"]),
        ]

    async def current(self, notebook_id: str) -> dict[str, Any]:
        """Return the documents as they are, for the first paint; and make the history ready."""
        documents = self._service.documents
        notebook = await documents.get("notebooks", notebook_id)
        cells = await documents.find("cells", {"_notebook": notebook_id})
        found = {f"cells/{cell.id}": {"v": cell.version, "data": cell.data} for cell in cells}
        if notebook.exists:
            found[f"notebooks/{notebook_id}"] = {"v": notebook.version, "data": notebook.data}
        self._service.soon(self._make_ready(notebook_id))
        return found

    async def _make_ready(self, notebook_id: str) -> None:
        with suppress(ShareDBError):  # whoever asks is told
            await self._library.line(notebook_id)

    async def overview(self, request: Request) -> Response:
        """Answer what the slider shows, unless the asker has it already."""
        caller = await self._gate.reader_of(request, request.path_params["notebook"])
        if isinstance(caller, Response):
            return caller
        try:
            line = await self._line(request.path_params["notebook"])
            tag = f'W/"{line.revision}-{len(line.timeline)}"'
            if request.headers.get("if-none-match") == tag:
                return Response(status_code=304)
            told = await telling.overview_of(line, self._service.documents)
        except Refused as error:
            return PlainTextResponse(f"{error.message}\n", error.status)
        except ShareDBError as error:
            return PlainTextResponse(f"{error.message}\n", 409)
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        return await _small(request, JSONResponse(told, headers=headers))

    async def answer(self, request: Request) -> Response:
        """Answer a question, or do what changes the notebook for a caller who may edit."""
        notebook_id, name = request.path_params["notebook"], request.path_params["question"]
        enter = self._gate.editor_of if name in self._changes else self._gate.reader_of
        caller = await enter(request, notebook_id)
        if isinstance(caller, Response):
            return caller
        question = self._questions.get(name) or self._changes.get(name)
        if question is None:
            return PlainTextResponse("Not found\n", 404)
        try:
            body = await read_body(request)
            answer = await question(await self._line(notebook_id), body, caller)
            return await _small(request, JSONResponse(answer))
        except Refused as error:
            return PlainTextResponse(f"{error.message}\n", error.status)
        except TooLate:
            text = "It is too late to undo this; choose the moment before it in the history"
            return PlainTextResponse(f"{text}\n", 410)
        except ShareDBError as error:
            return PlainTextResponse(f"{error.message}\n", 409)

    async def _line(self, notebook_id: str) -> NotebookLine:
        notebook = await self._service.documents.get("notebooks", notebook_id)
        if not notebook.version:
            raise Refused(404, "There is no such notebook")
        return await self._library.line(notebook_id)

    # The questions

    async def _ops(self, line: NotebookLine, body: _Body, caller: Caller) -> Any:
        start, end = _position(line, body, "from"), _position(line, body, "to")
        return await telling.ops_of(line, self._library.archive, start, end)

    async def _state(self, line: NotebookLine, body: _Body, caller: Caller) -> Any:
        have = body.get("have")
        known = have if isinstance(have, dict) else {}
        return await telling.state_at(line, self._library, _place(line, body), known)

    async def _step(self, line: NotebookLine, body: _Body, caller: Caller) -> Any:
        unit = body.get("by", "op")
        if unit not in get_args(telling.Unit):
            raise Refused(400, f"by is one of {', '.join(get_args(telling.Unit))}")
        author = text_of(body, "author") if body.get("author") is not None else None
        key = ("cells", text_of(body, "cell")) if body.get("cell") is not None else None
        found = telling.step(
            line,
            _position(line, body, "position"),
            unit,
            forward=not body.get("back"),
            author=author,
            key=key,
        )
        return {"position": found}

    async def _cell(self, line: NotebookLine, body: _Body, caller: Caller) -> Any:
        key = ("cells", text_of(body, "cell"))
        if key not in line.timeline.keys:
            raise Refused(404, "There never was such a cell in this notebook")
        archive = self._library.archive
        return {
            "changes": await telling.changes_of_cell(line, archive, key),
            "blame": await telling.blame_cell(line, archive, key, _place(line, body)),
        }

    async def _diff(self, line: NotebookLine, body: _Body, caller: Caller) -> Any:
        start, end = _position(line, body, "from"), _position(line, body, "to")
        return {"cells": await telling.differences(line, self._library, start, end)}

    # The changes

    async def _restore(self, line: NotebookLine, body: _Body, caller: Caller) -> Any:
        cell = text_of(body, "cell") if body.get("cell") is not None else None
        place = _place(line, body)
        return _restored(await self._restorer.restore(line, place, caller.name, cell))

    async def _undo(self, line: NotebookLine, body: _Body, caller: Caller) -> Any:
        notebook = line.notebook_key[1]
        token = text_of(body, "restored")
        return _restored(await self._restorer.undo(notebook, caller.name, token))


async def _small(request: Request, response: Response) -> Response:
    return await compress(response, request.headers.get("accept-encoding", ""))


def _restored(restored: Restored) -> _Body:
    return {
        "documents": restored.documents,
        "notes": restored.notes,
        "restored": restored.token,
    }


def _position(line: NotebookLine, body: _Body, key: str) -> int:
    position = body.get(key)
    if type(position) is not int or position < 0:
        raise Refused(400, f"{key} is missing, or no position")
    return min(position, len(line.timeline))


def _place(line: NotebookLine, body: _Body) -> int:
    """Return the position that a body names, or its moment ``at``; without either, the last."""
    if body.get("at") is None:
        if body.get("position") is None:
            return len(line.timeline)
        return _position(line, body, "position")
    try:
        return parse_moment(line.timeline, text_of(body, "at"))
    except ShareDBError as error:
        raise Refused(400, error.message) from error
