"""Keeps one notebook's file and its documents the same, whichever of them changes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

from derby_notebook.documents import Documents
from derby_notebook.files.docs import cell_doc, in_order, parse_notebook, to_notebook
from derby_notebook.files.known import KnownFile, Versions
from derby_notebook.files.merge import LiveCell, merge_notebook
from derby_notebook.files.merge.values import merge_objects
from derby_notebook.files.moves import find_moved
from derby_notebook.files.state import PROBLEMS, FileState, judge
from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from derby_notebook.widgets.documents import document_id
from derby_notebook.widgets.saved import (
    has_widgets,
    saved_documents,
    with_widgets,
    without_widgets,
)
from sharedb_py.backend import Backend
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import json_equal
from sharedb_py.snapshot import Snapshot

__all__ = ["Saver"]

log = logging.getLogger(__name__)

QUIET_SECONDS: Final = 0.8
LONGEST_SECONDS: Final = 8.0
RETRY_SECONDS: Final = 5.0
MERGES_IN_A_ROW: Final = 5

Moved = Callable[[str, str], Awaitable[bool]]


class Problem(Exception):
    """The file cannot be written as it is; ``reason`` is one of :data:`PROBLEMS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(PROBLEMS[reason])
        self.reason = reason


class Saver:
    """Saves a moment after the documents stop changing; merges what changed outside."""

    def __init__(
        self,
        notebook_id: str,
        documents: Documents,
        disk: Documents,
        api: JupyterAPI,
        backend: Backend,
        *,
        owned: Callable[[], bool] = lambda: True,
        watched: Callable[[], bool] = lambda: True,
        moved: Moved | None = None,
        watch_seconds: float = 2.0,
    ) -> None:
        self._id = notebook_id
        self._documents = documents
        self._disk = disk
        self._api = api
        self._known = KnownFile(notebook_id, documents, backend)
        self._owned = owned
        self._watched = watched
        self._moved = moved
        self._watch_seconds = watch_seconds
        self._changed = asyncio.Event()
        self._last = 0.0
        self._shown: dict[str, Any] = {}
        self._busy = asyncio.Lock()
        self._digest: str | None = None
        self._stat: dict[str, Any] = {}
        self._tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._watch())]

    def touch(self) -> None:
        """Say that the documents changed."""
        self._last = time.monotonic()
        self._changed.set()

    @property
    def at_rest(self) -> bool:
        """Whether the file holds everything, as far as is known."""
        return not self._changed.is_set() and self._shown.get("state", "saved") == "saved"

    async def abandon(self) -> None:
        """Stop, and write nothing more: another process does."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Save what is unsaved, once, and stop."""
        await self.abandon()
        if self._changed.is_set() or self._shown.get("state") in ("dirty", "saving"):
            await self._guarded(self._sync)

    async def sync(self, *, anew: bool = False) -> dict[str, Any]:
        """Save now, and say how that went; ``anew``: over whatever is there, or nothing is."""
        self._changed.clear()
        await self._guarded(lambda: self._sync(anew=anew))
        return self._shown

    async def opened(self, file_hash: str | None, versions: Versions) -> None:
        """Note the file that the documents were just made from."""
        await self._known.note(file_hash, versions)

    async def _work(self) -> None:
        while True:
            await self._changed.wait()
            await self._show("dirty")
            await self._settle()
            self._changed.clear()
            if not await self._guarded(self._sync):
                await asyncio.sleep(RETRY_SECONDS)
                self._changed.set()

    async def _settle(self) -> None:
        """Wait for a pause, but not without end."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while (rest := min(deadline, self._last + QUIET_SECONDS) - time.monotonic()) > 0:  # noqa: ASYNC110 - the end moves
            await asyncio.sleep(rest)

    async def _watch(self) -> None:
        """Look now and then whether somebody else changed the file."""
        while True:
            await asyncio.sleep(self._watch_seconds)
            if self._watched():
                await self._guarded(self._look)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Run a save; False if it should be tried again."""
        if not self._owned():
            return False
        try:
            async with self._busy:
                await work()
        except Problem as problem:
            await self._show("error", str(problem), problem.reason)
        except JupyterError as error:
            text = f"{error.message}. It is tried again every few seconds"
            await self._show("error", text, "refused" if error.status else "unreachable")
            return False
        except ShareDBError as error:
            log.warning("Notebook %s was not saved: %s", self._id, error.message)
        except Exception:
            log.exception("Notebook %s was not saved", self._id)
            await self._show("error", "Something unexpected happened; see the server's log", "bug")
        return True

    async def _show(self, state: str, error: str | None = None, reason: str | None = None) -> None:
        shown: dict[str, Any] = {"state": state}
        if state == "dirty" and self._shown.get("reason") in PROBLEMS:
            return  # what is wrong with the file still is
        if error is not None:
            shown |= {"error": error, "reason": reason}
        if shown == {key: value for key, value in self._shown.items() if key != "at"}:
            return
        self._shown = {**shown, "at": int(time.time() * 1000)}
        try:
            await self._documents.set("notebooks", self._id, _save=self._shown)
        except ShareDBError:
            log.info("Notebook %s is gone", self._id)

    # One look at the file, and what follows from it

    async def _read(self) -> tuple[Snapshot, list[Snapshot], dict[str, Any]]:
        """Return the documents, and the notebook that they make."""
        notebook = await self._documents.get("notebooks", self._id)
        cells = await self._documents.find("cells", {"_notebook": self._id})
        content = to_notebook(notebook.data["contents"], {cell.id: cell.data for cell in cells})
        widgets = await self._documents.find("widgets", {"_notebook": self._id})
        content["metadata"] = with_widgets(
            content["metadata"],
            [widget.data for widget in widgets],
            [cell.data.get("outputs") for cell in cells],
        )
        return notebook, cells, content

    async def _model(self, path: str) -> dict[str, Any] | None:
        try:
            model: dict[str, Any] = await self._api.contents(path, content=0, hash=1)
        except JupyterError as error:
            if error.status == 404:
                return None
            # A folder has no hash: Jupyter answers that with an error.
            model = await self._api.contents(path, content=0)
            if model.get("type") != "directory":
                raise
        self._stat = model
        return model

    async def _look(self) -> None:
        """Sync if the file changed; read no more than its time while it did not."""
        snapshot = await self._documents.get("notebooks", self._id)
        if not snapshot.exists:
            return
        try:
            model: dict[str, Any] | None = await self._api.contents(
                snapshot.data["name"], content=0
            )
        except JupyterError as error:
            if error.status != 404:
                return  # Jupyter is away: whoever saves will say so
            model = None
        keys = ("last_modified", "size", "writable", "type")
        if model is None or any(model.get(key) != self._stat.get(key) for key in keys):
            if self._stat or model is None:
                await self._sync()
            elif model is not None:
                self._stat = {key: model.get(key) for key in keys}
                await self._sync()

    async def _sync(self, *, anew: bool = False) -> None:
        for _ in range(MERGES_IN_A_ROW):
            notebook, cells, content = await self._read()
            if not notebook.exists:
                return
            path = notebook.data["name"]
            known_hash, _, _ = await self._known.record()
            model = await self._model(path)
            state = judge(model, known_hash)
            if state is FileState.MISSING and not anew:
                if await self._follow(path, known_hash):
                    continue
                raise Problem("missing")
            if state is FileState.NOT_A_FILE:
                raise Problem("not-a-file")
            versions = Versions.of(notebook, cells)
            digest = _digest(content)
            if state is FileState.CHANGED:
                assert model is not None
                if not await self._take_over(model, path, content, versions, anew=anew):
                    continue
                digest_known = self._digest == digest
                if digest_known:
                    await self._show("saved")
                    return
            elif state is FileState.SAME and await self._holds(path, content, digest):
                await self._show("saved")
                return
            elif state is FileState.READ_ONLY:
                if await self._holds(path, content, digest):
                    await self._show("saved")
                    return
                raise Problem("read-only")
            await self._write(path, content, versions, digest)
            return
        raise JupyterError(409, "The file keeps changing")

    async def _holds(self, path: str, content: dict[str, Any], digest: str) -> bool:
        """Whether the file, unchanged since it was last known, has all that is to be saved."""
        if self._digest is None:
            found = await self._file(path)
            if (
                found is not None
                and json_equal(_comparable(found, content), _comparable(content))
                and has_widgets(found["metadata"], content["metadata"])
            ):
                self._digest = digest
        return self._digest == digest

    async def _file(self, path: str) -> dict[str, Any] | None:
        """Return the notebook in the file; None if it is none."""
        model = await self._api.contents(path, type="file", format="text")
        try:
            return parse_notebook(model["content"])
        except ValueError:
            return None

    async def _follow(self, path: str, known_hash: str | None) -> bool:
        """Go along if the file was only moved; True if it was."""
        if not known_hash or self._moved is None or not self._stat.get("last_modified"):
            return False
        size, modified = self._stat.get("size"), self._stat.get("last_modified")
        found = await find_moved(self._api, path, known_hash, size, modified)
        return found is not None and await self._moved(path, found)

    async def _take_over(
        self,
        model: dict[str, Any],
        path: str,
        content: dict[str, Any],
        versions: Versions,
        *,
        anew: bool,
    ) -> bool:
        """Deal with a file that somebody else wrote; False if the documents changed by that."""
        theirs = await self._file(path)
        if theirs is None:
            if not anew:
                raise Problem("unreadable")
            await self._keep_copy(path)
            return True
        theirs["metadata"], saved = without_widgets(theirs["metadata"])
        for comm_id, model in saved_documents(self._id, saved).items():
            await self._disk.create("widgets", document_id(self._id, comm_id), model)
        _, known, intent = await self._known.record()
        if json_equal(_comparable(theirs, content), _comparable(content)):
            await self._settle_on(model, versions, content)
            return True
        if intent is not None:
            _, cells = await self._known.contents(intent)
            if json_equal([cell for _, cell in cells], theirs["cells"]):
                # What a save wrote that could not say so any more.
                await self._known.note(model["hash"], intent)
                return False
        await self._merge(theirs, known)
        # The documents have it now: the next look decides whether anything is left to write.
        await self._note_merged(model["hash"], theirs, known)
        return False

    async def _note_merged(self, file_hash: str, theirs: dict[str, Any], known: Versions) -> None:
        notebook, cells, content = await self._read()
        versions = Versions.of(notebook, cells)
        if json_equal(_comparable(theirs), _comparable(content)):
            self._digest = _digest(content)
            await self._known.note(file_hash, versions)
        else:
            self._digest = "merged, and not written yet"
            await self._known.note(file_hash, known)

    async def _settle_on(
        self, model: dict[str, Any], versions: Versions, content: dict[str, Any]
    ) -> None:
        self._digest = _digest(content)
        await self._known.note(model["hash"], versions)
        await self._note_model(model)

    async def _note_model(self, model: dict[str, Any]) -> None:
        keys = ("hash", "last_modified", "writable")
        op = [{"p": ["contents", key], "oi": model.get(key)} for key in keys]
        await self._documents.edit("notebooks", self._id, op)

    async def _merge(self, theirs: dict[str, Any], known: Versions) -> None:
        metadata, base = await self._known.contents(known)
        notebook, cells, content = await self._read()
        docs = {cell.id: cell.data for cell in cells}
        ours = [
            LiveCell(
                doc_id,
                made,
                doc.get("_weight") or 0,
                doc.get("_state") in ("run", "queued", "busy"),
            )
            for (doc_id, doc), made in zip(in_order(docs), content["cells"], strict=True)
        ]
        merge = merge_notebook(base, theirs["cells"], ours)
        at = {cell.id: cell.version for cell in cells}
        for doc_id, op in merge.edits.items():
            await self._disk.edit("cells", doc_id, op, at[doc_id])
        for cell, weight in merge.creates:
            doc = {**cell_doc(cell, self._id), "_weight": weight}
            await self._disk.create("cells", uuid.uuid4().hex, doc)
        for doc_id in merge.deletes:
            await self._disk.delete("cells", doc_id)
        ours_metadata = notebook.data["contents"].get("metadata") or {}
        path = ["contents", "metadata"]
        op = merge_objects(path, metadata, ours_metadata, theirs["metadata"])
        await self._disk.edit("notebooks", self._id, op, notebook.version)
        said = {"at": int(time.time() * 1000), "cells": len(merge.edits) + len(merge.creates)}
        said["deleted"] = len(merge.deletes)
        await self._documents.set("notebooks", self._id, _merged={**said, "notes": merge.notes})

    async def _keep_copy(self, path: str) -> None:
        """Put what is no notebook beside the file before that is written over."""
        model = await self._api.contents(path, type="file", format="text")
        copy = f"{path.removesuffix('.ipynb')}-replaced-{uuid.uuid4().hex[:6]}.txt"
        await self._api.save_text(copy, model["content"])

    async def _write(
        self, path: str, content: dict[str, Any], versions: Versions, digest: str
    ) -> None:
        await self._show("saving")
        await self._keep_older_format(path)
        if (await self._known.record())[0] is None:
            await self._known.note(None, Versions(0))
        await self._known.intend(versions)
        written = await self._api.save(path, content)
        if written.get("message"):
            log.error("Jupyter finds fault with notebook %s: %s", self._id, written["message"])
        model = await self._model(path) or {}
        ours = model.get("last_modified") == written.get("last_modified")
        self._digest = digest if ours else None
        # If somebody wrote right behind us, no hash is known: the next look merges theirs.
        await self._known.note(model.get("hash") if ours else "", versions)
        await self._note_model({**model, "hash": model.get("hash") if ours else ""})
        await self._show("saved")

    async def _keep_older_format(self, path: str) -> None:
        """Keep a file of an older format as Jupyter's checkpoint before it is written anew."""
        snapshot = await self._documents.get("notebooks", self._id)
        if not snapshot.data.get("_older_format"):
            return
        await self._api.checkpoint(path)
        await self._documents.edit("notebooks", self._id, [{"p": ["_older_format"], "od": True}])


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _comparable(content: dict[str, Any], like: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what two notebooks have to have in common to be the same.

    The states of widgets do not count: those that nobody shows need not be kept. Nor do
    the ids of a file's cells where the file has none: each reading gives them others.
    ``like`` tells those from ids that somebody changed.
    """
    cells = content["cells"]
    if like is not None and len(cells) == len(like["cells"]) and not _shares_ids(content, like):
        pairs = zip(cells, like["cells"], strict=True)
        cells = [{**cell, "id": other["id"]} for cell, other in pairs]
    return {"cells": cells, "metadata": without_widgets(content["metadata"])[0]}


def _shares_ids(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool({cell["id"] for cell in one["cells"]} & {cell["id"] for cell in other["cells"]})
