"""Lets Jupyter write a notebook only over the file that its writer has seen.

A part of our Jupyter Server extension. Jupyter's contents API has no compare-and-set:
whoever asks first how a file is, and writes it then, may write over what came in between.
Between taking up a save and writing, Jupyter signs the notebook and may make a
checkpoint; so the file is looked at where it is opened, not before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

__all__ = ["CONFIG", "REPLACES", "guard"]

REPLACES: Final = "replaces"
"""The key of a contents model for the hash of the file that may be replaced; "" for none."""

CONFIG: Final = Path(__file__).parent / "config"
"""A folder for ``JUPYTER_CONFIG_PATH`` in which our extension is switched on."""

_expected: ContextVar[str | None] = ContextVar("expected", default=None)


def guard(manager: Any) -> None:
    """Make a contents manager of files refuse, with 409, to replace another file than named."""
    # Only Jupyter's own process has these.
    from jupyter_server.services.contents.fileio import path_to_intermediate
    from tornado.web import HTTPError

    write = manager.atomic_writing

    def check(path: str, expected: str) -> None:
        try:
            data = Path(path).read_bytes()
        except FileNotFoundError:
            found = ""
        else:
            found = hashlib.new(manager.hash_algorithm, data).hexdigest()
        if found != expected:
            raise HTTPError(409, "The file was changed by somebody else")

    def note(*, model: dict[str, Any], **_: Any) -> None:
        replaces = model.pop(REPLACES, None)
        _expected.set(replaces if isinstance(replaces, str) else None)

    @contextmanager
    def write_over_the_same(path: str, *arguments: Any, **options: Any) -> Iterator[Any]:
        expected = _expected.get()
        if expected is not None:
            check(path, expected)
        with write(path, *arguments, **options) as file:
            # Jupyter has put the file that it replaces aside, and puts it back if this raises.
            aside = path_to_intermediate(path)  # type: ignore[no-untyped-call]
            if expected and manager.use_atomic_writing and Path(aside).exists():
                check(aside, expected)
            yield file

    manager.register_pre_save_hook(note)
    manager.atomic_writing = write_over_the_same
