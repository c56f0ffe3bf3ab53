"""What a page asks of its notebook past the documents: ``POST /derby/notebooks/ID/ACTION``."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from derby_notebook.cluster.peers import NoAnswer, PeerFailed
from derby_notebook.files.merge.text import edits
from derby_notebook.jupyter.api import JupyterError
from derby_notebook.kernels.formatting import NotFormatted
from derby_notebook.kernels.relay import NoKernel
from derby_notebook.service import NotebookService
from derby_notebook.web.asking import Action, Refused, own_cell, position_in, read_body, text_of
from derby_notebook.web.file_actions import FILE_ACTIONS
from derby_notebook.web.gate import Gate
from derby_notebook.web.identity import Caller

__all__ = ["ACTIONS", "Actions", "run_action"]


async def _complete(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    content = {"code": text_of(body, "code"), "cursor_pos": position_in(body)}
    return await service.kernels.relay(notebook_id).ask("complete_request", content)


async def _inspect(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    content = {
        "code": text_of(body, "code"),
        "cursor_pos": position_in(body),
        "detail_level": 1 if body.get("detail_level") else 0,
    }
    return await service.kernels.relay(notebook_id).ask("inspect_request", content)


async def _format(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    code = text_of(body, "code")
    found = await service.kernels.relay(notebook_id).format(code)
    return {**found, "edits": edits(code, found["code"])}


async def _is_complete(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    content = {"code": text_of(body, "code")}
    return await service.kernels.relay(notebook_id).ask("is_complete_request", content)


async def _input(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    cell = await own_cell(service, notebook_id, text_of(body, "cell"))
    relay = service.kernels.relay(notebook_id)
    if not await relay.answer(cell, text_of(body, "id"), text_of(body, "value")):
        raise Refused(409, "This question is answered already")
    return None


async def _run(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    relay = service.kernels.relay(notebook_id)
    if body.get("restart") and relay.kernel_id is not None:  # else the run starts one, anew
        await relay.restart()
    if isinstance(body.get("cells"), list):
        cells = [await own_cell(service, notebook_id, str(each)) for each in body["cells"]]
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
        return {"path": await service.files.rename(notebook_id, text_of(body, "name"))}
    except ValueError as error:
        raise Refused(400, str(error)) from None


ACTIONS: Final[dict[str, Action]] = {
    "cancel": _cancel,
    "clear": _clear,
    "complete": _complete,
    "format": _format,
    "input": _input,
    "inspect": _inspect,
    "interrupt": _interrupt,
    "is_complete": _is_complete,
    "kernel": _kernel,
    "kernels": _kernels,
    "rename": _rename,
    "restart": _restart,
    "run": _run,
    "shutdown": _shutdown,
    "start": _start,
    **FILE_ACTIONS,
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
        notebook_id, action = request.path_params["notebook"], request.path_params["action"]
        caller = await self._gate.editor_of(request, notebook_id)
        if isinstance(caller, Response):
            return caller
        return await run_action(self._service, notebook_id, action, caller, request)

    async def of_kernel(self, request: Request) -> Response:
        """Interrupt or restart the kernel of a notebook that is open here, by its id."""
        kernel, action = request.path_params["kernel"], request.path_params["action"]
        notebook_id = await self._service.kernels.notebook_of(kernel)
        if action not in ("interrupt", "restart") or notebook_id is None:
            return PlainTextResponse("Not found\n", 404)
        caller = await self._gate.editor_of(request, notebook_id)
        if isinstance(caller, Response):
            return caller
        return await run_action(self._service, notebook_id, action, caller, request)

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
    except (NoKernel, NotFormatted) as error:
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
