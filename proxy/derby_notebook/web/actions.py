"""What a page asks of its notebook past the documents: ``POST /derby/notebooks/ID/ACTION``."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from derby_notebook.cluster.peers import NoAnswer, PeerFailed
from derby_notebook.jupyter.api import JupyterError
from derby_notebook.kernels.relay import NoKernel
from derby_notebook.service import NotebookService
from derby_notebook.web.gate import Gate
from derby_notebook.web.identity import Caller

__all__ = ["ACTIONS", "Actions", "Refused", "read_body", "run_action", "text_of"]

MAX_BODY: Final = 1 << 20


class Refused(Exception):
    """The request cannot be carried out as it is."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


Action: TypeAlias = Callable[[NotebookService, str, Caller, dict[str, Any]], Awaitable[Any]]


def text_of(body: dict[str, Any], key: str) -> str:
    """Return a text that a request must have."""
    value = body.get(key)
    if not isinstance(value, str):
        raise Refused(400, f"{key} is missing, or no text")
    return value


async def _own_cell(service: NotebookService, notebook_id: str, cell_id: str) -> str:
    cell = await service.documents.get("cells", cell_id)
    if not cell.exists or cell.data.get("_notebook") != notebook_id:
        raise Refused(404, "There is no such cell in this notebook")
    return cell_id


async def _complete(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    content = {"code": text_of(body, "code"), "cursor_pos": int(body.get("cursor_pos", 0))}
    return await service.kernels.relay(notebook_id).ask("complete_request", content)


async def _inspect(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    content = {
        "code": text_of(body, "code"),
        "cursor_pos": int(body.get("cursor_pos", 0)),
        "detail_level": 1 if body.get("detail_level") else 0,
    }
    return await service.kernels.relay(notebook_id).ask("inspect_request", content)


async def _is_complete(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    content = {"code": text_of(body, "code")}
    return await service.kernels.relay(notebook_id).ask("is_complete_request", content)


async def _input(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    cell = await _own_cell(service, notebook_id, text_of(body, "cell"))
    relay = service.kernels.relay(notebook_id)
    if not await relay.answer(cell, text_of(body, "id"), text_of(body, "value")):
        raise Refused(409, "This question is answered already")
    return None


async def _run(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    if body.get("restart"):
        await service.kernels.relay(notebook_id).restart()
    if isinstance(body.get("cells"), list):
        cells = [await _own_cell(service, notebook_id, str(each)) for each in body["cells"]]
        for each in cells:
            await service.kernels.run(each, caller.name)
        return {"cells": cells}
    which = body.get("which", "all")
    if which not in ("all", "above", "below"):
        raise Refused(400, "which is one of all, above, below")
    cell = None if which == "all" else text_of(body, "cell")
    try:
        return {"cells": await service.kernels.run_many(notebook_id, caller.name, which, cell)}
    except KeyError:
        raise Refused(404, "There is no such cell in this notebook") from None


async def _cancel(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    cell = text_of(body, "cell") if "cell" in body else None
    reason = f"cancelled by {caller.name}"
    return {"cells": await service.kernels.relay(notebook_id).cancel(cell, reason)}


async def _interrupt(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    await service.kernels.relay(notebook_id).interrupt()


async def _restart(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    await service.kernels.relay(notebook_id).restart()


async def _shutdown(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    await service.kernels.relay(notebook_id).shut_down()


async def _start(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    await service.kernels.relay(notebook_id).start()


async def _kernel(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    await service.change_kernel(notebook_id, text_of(body, "name"))


async def _kernels(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    names = await service.kernels.names()
    default = names.pop("")
    return {"default": default, "kernels": names}


async def _clear(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    cell = text_of(body, "cell") if "cell" in body else None
    return {"cells": await service.kernels.clear(notebook_id, cell)}


async def _rename(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    try:
        return {"path": await service.rename(notebook_id, text_of(body, "name"))}
    except ValueError as error:
        raise Refused(400, str(error)) from None


async def _save(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    return await service.saver(notebook_id).sync(anew=bool(body.get("anew")))


ACTIONS: Final[dict[str, Action]] = {
    "cancel": _cancel,
    "clear": _clear,
    "complete": _complete,
    "input": _input,
    "inspect": _inspect,
    "interrupt": _interrupt,
    "is_complete": _is_complete,
    "kernel": _kernel,
    "kernels": _kernels,
    "rename": _rename,
    "restart": _restart,
    "run": _run,
    "save": _save,
    "shutdown": _shutdown,
    "start": _start,
}


class Actions:
    """``POST /derby/notebooks/ID/ACTION``, and the same for a kernel by its id."""

    def __init__(self, service: NotebookService, gate: Gate, base: str) -> None:
        self._service = service
        self._service.calls.handlers["action"] = self._act
        self._gate = gate
        self._base = base

    def routes(self) -> list[BaseRoute]:
        """Return what is served here."""
        below = f"{self._base}/derby"
        notebooks, kernels = "notebooks/{notebook}/{action}", "kernels/{kernel}/{action}"
        return [
            Route(f"{below}/{notebooks}", self.of_notebook, methods=["POST"]),
            Route(f"{below}/{kernels}", self.of_kernel, methods=["POST"]),
        ]

    async def of_notebook(self, request: Request) -> Response:
        """Carry out what a page asks of its notebook."""
        caller = await self._gate.editor(request)
        if isinstance(caller, Response):
            return caller
        notebook_id, action = request.path_params["notebook"], request.path_params["action"]
        return await run_action(self._service, notebook_id, action, caller, request)

    async def of_kernel(self, request: Request) -> Response:
        """Interrupt or restart a kernel for a signed-in person on a page of ours."""
        caller = await self._gate.editor(request)
        if isinstance(caller, Response):
            return caller
        kernel, action = request.path_params["kernel"], request.path_params["action"]
        if action not in ("interrupt", "restart") or not re.fullmatch(r"[\w-]+", kernel):
            return PlainTextResponse("Not found\n", 404)
        notebook_id = await self._service.kernels.notebook_of(kernel)
        if notebook_id is not None:
            return await run_action(self._service, notebook_id, action, caller, request)
        try:
            await self._service.kernels.act(kernel, action)
        except JupyterError as error:
            return PlainTextResponse(f"{error.message}\n", error.status or 502)
        return Response(status_code=204)

    async def _act(self, notebook_id: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Carry out, here, what was asked in this process or another."""
        caller = Caller(asked["user"])
        return await _carry_out(self._service, notebook_id, asked["action"], caller, asked["body"])


async def _carry_out(
    service: NotebookService, notebook_id: str, name: str, caller: Caller, body: dict[str, Any]
) -> dict[str, Any]:
    """Return a status, and the result or what is wrong in plain words."""
    try:
        result = await ACTIONS[name](service, notebook_id, caller, body)
    except Refused as error:
        return {"status": error.status, "problem": error.message}
    except NoKernel as error:
        return {"status": 409, "problem": str(error)}
    except TimeoutError:
        return {"status": 504, "problem": "The kernel is busy; it did not answer in time"}
    except JupyterError as error:
        return {"status": error.status or 502, "problem": error.message}
    return {"status": 200, "result": result}


async def run_action(
    service: NotebookService, notebook_id: str, name: str, caller: Caller, request: Request
) -> Response:
    """Have an action carried out for a caller who may edit, where its notebook is looked after."""
    notebook = await service.documents.get("notebooks", notebook_id)
    if name not in ACTIONS or not notebook.exists:
        return PlainTextResponse("Not found\n", 404)
    try:
        asked = {"action": name, "user": caller.user, "body": await read_body(request)}
        answer = await service.calls.call("action", notebook_id, asked)
    except Refused as error:
        return PlainTextResponse(f"{error.message}\n", error.status)
    except (NoAnswer, PeerFailed) as error:
        return PlainTextResponse(f"{error}. Try again in a moment\n", 503)
    if "problem" in answer:
        return PlainTextResponse(f"{answer['problem']}\n", answer["status"])
    result = answer["result"]
    return Response(status_code=204) if result is None else JSONResponse(result)


async def read_body(request: Request) -> dict[str, Any]:
    """Return a request's JSON object, empty for none; raises ``Refused``."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            raise Refused(413, "The request is too large")
    if not data:
        return {}
    try:
        body = json.loads(bytes(data))
    except ValueError:
        raise Refused(400, "The request is no JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "The request is no JSON object")
    return body
