"""One look at a notebook's file, and what follows from it: nothing, a merge, or a save."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from derby_notebook.documents import Documents
from derby_notebook.files.comparing import digest_of, same_cells, same_notebook
from derby_notebook.files.docs import cell_doc, empty_notebook, in_order
from derby_notebook.files.known import KnownFile, Versions
from derby_notebook.files.merge import LiveCell, merge_notebook
from derby_notebook.files.merge.values import merge_objects
from derby_notebook.files.moves import find_moved
from derby_notebook.files.reading import FileNotebook, NotANotebook, may_run, read_notebook
from derby_notebook.files.state import PROBLEMS, FileState, judge
from derby_notebook.files.whole import file_text, marked, read_documents, whole_notebook
from derby_notebook.jupyter.api import JupyterAPI, JupyterError
from derby_notebook.widgets.saved import has_widgets
from derby_notebook.widgets.storing import create_saved
from sharedb_py.backend import Backend
from sharedb_py.snapshot import Snapshot

__all__ = ["FileSync", "Moved", "Problem", "Replicas"]

log = logging.getLogger(__name__)

MERGES_IN_A_ROW: Final = 5

Moved: TypeAlias = Callable[[str, str], Awaitable[bool]]
"""Told where the file went, from and to; says whether the notebook followed."""

Show: TypeAlias = Callable[[str], Awaitable[None]]
"""Told what the file's state is by now: ``saving``, ``saved``."""


class Problem(Exception):
    """The file cannot be written as it is; ``reason`` is one of :data:`PROBLEMS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(PROBLEMS[reason])
        self.reason = reason


@dataclass(frozen=True)
class Replicas:
    """A notebook's two replicas, and what writes to either."""

    notebook_id: str
    documents: Documents
    disk: Documents
    """Writes into the documents what came from the file, as a source of its own."""
    api: JupyterAPI
    backend: Backend


class FileSync:
    """Brings one notebook's file and its documents to the same; one call at a time.

    Every method may raise ``Problem``, ``JupyterError`` or ``ShareDBError``, and leaves
    both as they were, or further along.
    """

    def __init__(self, of: Replicas, *, show: Show, moved: Moved | None = None) -> None:
        self._id = of.notebook_id
        self._documents = of.documents
        self._disk = of.disk
        self._api = of.api
        self._show = show
        self._moved = moved
        self._known = KnownFile(of.notebook_id, of.documents, of.backend)
        self._digest: str | None = None
        self._stat: dict[str, Any] = {}
        self._because: dict[str, Any] = {}

    async def opened(self, file_hash: str | None, versions: Versions) -> None:
        """Note the file that the documents were just made from."""
        await self._known.note(file_hash, versions)

    # Looking

    async def look(self) -> None:
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
            if model is not None and not self._stat:
                self._stat = {key: model.get(key) for key in keys}
            await self.sync()

    async def _read(self) -> tuple[Snapshot, list[Snapshot], dict[str, Any]]:
        return await read_documents(self._documents, self._id)

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

    async def _file(self, path: str) -> FileNotebook | None:
        """Return the notebook in the file; None if it is none."""
        try:
            return await read_notebook(self._api, path)
        except NotANotebook:
            return None

    # Deciding

    async def sync(self, *, anew: bool = False) -> None:
        """Merge what changed in the file, then write what changed here.

        ``anew``: over whatever is there, or where nothing is.
        """
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
            digest = digest_of(content)
            if state is FileState.CHANGED:
                assert model is not None
                if not await self._take_over(model, path, content, versions, anew=anew):
                    continue
                if self._digest == digest:
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
            seen = (model or {}).get("hash")
            if await self._write(path, content, versions, digest, cells, seen):
                return
        raise JupyterError(409, "The file keeps changing")

    async def _holds(self, path: str, content: dict[str, Any], digest: str) -> bool:
        """Whether the file, unchanged since it was last known, has all that is to be saved."""
        if self._digest is None:
            found = await self._file(path)
            if (
                found is not None
                and same_notebook(found.content, content, ids=False)
                and has_widgets(found.metadata, content["metadata"])
            ):
                self._digest = digest
        return self._digest == digest

    async def _follow(self, path: str, known_hash: str | None) -> bool:
        """Go along if the file was only moved; True if it was."""
        if not known_hash or self._moved is None or not self._stat.get("last_modified"):
            return False
        size, modified = self._stat.get("size"), self._stat.get("last_modified")
        found = await find_moved(self._api, path, known_hash, size, modified)
        return found is not None and await self._moved(path, found)

    # Taking over what somebody else wrote

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
        _, known, intent = await self._known.record()
        # Where cells were, an empty file is one that somebody is just writing, or began to.
        if theirs is None or (theirs.blank and content["cells"]):
            if await self._is_begun(path, intent):
                return True
            if not anew:
                raise Problem("unreadable")
            await self._keep_copy(path)
            return True
        await create_saved(self._disk, self._id, theirs.widgets)
        if same_notebook(theirs.content, content, ids=False):
            self._digest = digest_of(content)
            await self._known.note(model["hash"], versions)
            await self._note_model(model)
            return True
        if intent is not None:
            _, cells = await self._known.contents(intent)
            if same_cells([cell for _, cell in cells], theirs.content["cells"]):
                # What a save wrote that could not say so any more.
                await self._known.note(model["hash"], intent)
                return False
        await self._merge(theirs, known)
        # The documents have it now: the next look decides whether anything is left to write.
        await self._note_merged(model["hash"], theirs, known)
        return False

    async def _is_begun(self, path: str, intent: Versions | None) -> bool:
        """Whether a file is the beginning of what a save of ours was to write, and no more.

        Jupyter empties a file before it writes it: that is what is left if it is killed then.
        """
        if intent is None:
            return False
        found = await self._api.contents(path, type="file", format="text")
        metadata, cells = await self._known.contents(intent)
        content = {**empty_notebook(), "metadata": metadata, "cells": [cell for _, cell in cells]}
        return (await file_text(self._documents, content)).startswith(found["content"])

    async def _note_merged(self, file_hash: str, theirs: FileNotebook, known: Versions) -> None:
        notebook, cells, content = await self._read()
        versions = Versions.of(notebook, cells)
        if same_notebook(theirs.content, content):
            self._digest = digest_of(content)
            await self._known.note(file_hash, versions)
        else:
            self._digest = "merged, and not written yet"
            await self._known.note(file_hash, known)

    async def _note_model(self, model: dict[str, Any]) -> None:
        keys = ("hash", "last_modified", "writable")
        op = [{"p": ["contents", key], "oi": model.get(key)} for key in keys]
        await self._documents.edit("notebooks", self._id, op)

    async def _merge(self, theirs: FileNotebook, known: Versions) -> None:
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
        merge = merge_notebook(base, theirs.cells, ours)
        for data in theirs.blobs.values():
            await self._documents.blobs.put(data)
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
        op = merge_objects(path, metadata, ours_metadata, theirs.content["metadata"])
        await self._disk.edit("notebooks", self._id, op, notebook.version)
        said: dict[str, Any] = {"at": int(time.time() * 1000)}
        said["cells"] = len(merge.edits) + len(merge.creates)
        said |= {"deleted": len(merge.deletes), "notes": merge.notes, **self._because}
        await self._documents.set("notebooks", self._id, _merged=said)

    async def _keep_copy(self, path: str) -> None:
        """Put what is no notebook beside the file before that is written over."""
        model = await self._api.contents(path, type="file", format="text")
        copy = f"{path.removesuffix('.ipynb')}-replaced-{uuid.uuid4().hex[:6]}.txt"
        await self._api.save_text(copy, model["content"])

    # Writing

    async def _write(
        self,
        path: str,
        content: dict[str, Any],
        versions: Versions,
        digest: str,
        cells: list[Snapshot],
        seen: str | None,
    ) -> bool:
        """Write over the file with the hash ``seen``; False, nothing written, if it is another."""
        await self._show("saving")
        await self._keep_older_format(path)
        if (await self._known.record())[0] is None:
            await self._known.note(None, Versions(0))
        await self._known.intend(versions)
        whole = await whole_notebook(self._documents, content)
        whole = marked(whole, {cell.id: cell.data for cell in cells})
        if await self._is_another(path, seen):
            return False
        try:
            written = await self._api.save(path, whole, seen or "")
        except JupyterError as error:
            if error.status == 409 and await self._is_another(path, seen):
                return False
            raise
        if written.get("message"):
            log.error("Jupyter finds fault with notebook %s: %s", self._id, written["message"])
        model = await self._model(path) or {}
        ours = model.get("last_modified") == written.get("last_modified")
        self._digest = digest if ours else None
        # If somebody wrote right behind us, no hash is known: the next look merges theirs.
        await self._known.note(model.get("hash") if ours else "", versions)
        await self._note_model({**model, "hash": model.get("hash") if ours else ""})
        await self._show("saved")
        return True

    async def _is_another(self, path: str, seen: str | None) -> bool:
        """Look once more, right before the file is written: somebody else may just have."""
        return ((await self._model(path)) or {}).get("hash") != seen

    async def _keep_older_format(self, path: str) -> None:
        """Keep a file of an older format as Jupyter's checkpoint before it is written anew."""
        snapshot = await self._documents.get("notebooks", self._id)
        if not snapshot.data.get("_older_format"):
            return
        await self._api.checkpoint(path)
        await self._documents.edit("notebooks", self._id, [{"p": ["_older_format"], "od": True}])

    # Checkpoints and trust

    async def checkpoints(self) -> list[dict[str, Any]]:
        """Return Jupyter's checkpoints of the file: ``id`` and ``last_modified``."""
        return await self._api.checkpoints(await self._path())

    async def checkpoint(self) -> dict[str, Any]:
        """Save, and keep the file as it is then as Jupyter's checkpoint."""
        await self.sync()
        return await self._api.checkpoint(await self._path())

    async def restore(self, checkpoint_id: str) -> None:
        """Bring the notebook back to a checkpoint, as ops on what is there now.

        All that is here is saved first, and what people type meanwhile stays: the
        checkpoint comes in as a change of the file would.
        """
        await self.sync()
        path = await self._path()
        await self._api.restore_checkpoint(path, checkpoint_id)
        self._because = {"checkpoint": checkpoint_id}
        try:
            await self.sync()
        finally:
            self._because = {}

    async def trust(self) -> None:
        """Trust what the notebook shows now, and have Jupyter sign its file."""
        notebook = await self._documents.get("notebooks", self._id)
        for cell in await self._documents.find("cells", {"_notebook": self._id}):
            if cell.data.get("outputs") and not cell.data.get("_trusted"):
                op = [{"p": ["_trusted"], "oi": True}]
                await self._documents.edit("cells", cell.id, op, cell.version)
        await self.sync()
        await self._api.trust(notebook.data["name"])

    async def notice_trust(self) -> None:
        """Trust what Jupyter trusts by now: somebody may have said so on its own page."""
        notebook, cells, content = await self._read()
        unsure = {c.id: c for c in cells if may_run(c.data) and not c.data.get("_trusted")}
        theirs = await self._file(notebook.data["name"]) if notebook.exists and unsure else None
        if theirs is None or not same_notebook(theirs.content, content, ids=False):
            return
        order = in_order({cell.id: cell.data for cell in cells})
        for (cell_id, _), trusted in zip(order, theirs.trusted, strict=True):
            if trusted and cell_id in unsure:
                op = [{"p": ["_trusted"], "oi": True}]
                await self._documents.edit("cells", cell_id, op, unsure[cell_id].version)

    async def _path(self) -> str:
        snapshot = await self._documents.get("notebooks", self._id)
        return str(snapshot.data["name"])
