"""What a page asks of its notebook's file: saving, checkpoints, trust."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final, TypeVar

from derby_notebook.files.syncing import Problem
from derby_notebook.service import NotebookService
from derby_notebook.web.asking import Action, Refused, text_of
from derby_notebook.web.identity import Caller

__all__ = ["FILE_ACTIONS"]

T = TypeVar("T")


async def _save(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    return await service.saver(notebook_id).sync(anew=bool(body.get("anew")))


async def _checkpoints(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    return await service.saver(notebook_id).checkpoints()


async def _checkpoint(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    return await _unless_the_file_is_wrong(service.saver(notebook_id).checkpoint())


async def _restore(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    checkpoint = text_of(body, "checkpoint")
    saver = service.saver(notebook_id)
    if checkpoint not in [found["id"] for found in await saver.checkpoints()]:
        raise Refused(404, "There is no such checkpoint")
    await _unless_the_file_is_wrong(saver.restore(checkpoint))


async def _trust(
    service: NotebookService, notebook_id: str, caller: Caller, body: dict[str, Any]
) -> Any:
    await _unless_the_file_is_wrong(service.saver(notebook_id).trust())


async def _unless_the_file_is_wrong(work: Awaitable[T]) -> T:
    try:
        return await work
    except Problem as problem:
        raise Refused(409, str(problem)) from problem


FILE_ACTIONS: Final[dict[str, Action]] = {
    "checkpoint": _checkpoint,
    "checkpoints": _checkpoints,
    "restore": _restore,
    "save": _save,
    "trust": _trust,
}
