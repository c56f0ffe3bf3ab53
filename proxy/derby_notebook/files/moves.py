"""Where a file that is gone may be now: one of the same size and time, and the same content."""

from __future__ import annotations

from typing import Any, Final

from derby_notebook.jupyter.api import JupyterAPI, JupyterError

__all__ = ["candidates", "find_moved", "moved_path", "renamed_path"]

MOST_FOLDERS: Final = 50


def candidates(listing: list[dict[str, Any]], size: Any, modified: Any) -> list[str]:
    """Return what may be the file, in a folder: ``mv`` changes neither size nor time."""
    return [
        entry["path"]
        for entry in listing
        if entry["type"] == "notebook"
        and entry.get("size") == size
        and entry.get("last_modified") == modified
    ]


def renamed_path(path: str, name: str) -> str:
    """Return the path of a notebook under a new name in its folder.

    ``.ipynb`` is added where it is missing. Raises ``ValueError``, which says why, for a name
    that no file can have.
    """
    name = name.strip().removesuffix(".ipynb").strip()
    if not name:
        raise ValueError("A notebook needs a name")
    if wrong := next((sign for sign in name if sign in "/\\" or ord(sign) < 32), None):
        raise ValueError(f"A name cannot hold {wrong!r}")
    if name.startswith("."):
        raise ValueError("A name that starts with a dot would hide the notebook")
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}{name}.ipynb"


def moved_path(path: str, old: str, new: str) -> str | None:
    """Return where a path is after a file or folder was renamed; None if that did not touch it."""
    if path == old:
        return new
    return new + path[len(old) :] if path.startswith(old + "/") else None


async def find_moved(
    api: JupyterAPI, path: str, file_hash: str, size: Any, modified: Any
) -> str | None:
    """Return where the file is now, looking in its folder, those in it, and the one above."""
    folder = path.rpartition("/")[0]
    waiting = list(dict.fromkeys([folder, folder.rpartition("/")[0]]))
    for at, place in enumerate(waiting):
        if at >= MOST_FOLDERS:
            return None
        try:
            listing = (await api.contents(place, content=1, type="directory"))["content"] or []
        except JupyterError:
            continue
        if place in (folder, folder.rpartition("/")[0]):
            waiting += [e["path"] for e in listing if e["type"] == "directory"]
        for found in candidates(listing, size, modified):
            if found == path:
                continue
            model = await api.contents(found, content=0, hash=1)
            if model.get("hash") == file_hash:
                return found
    return None
