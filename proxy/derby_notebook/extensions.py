"""Loads what an application hooks into notebooks: ``derby-notebook --hooks FILE.py``."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from derby_notebook.service import NotebookService

__all__ = ["AddHooks", "load_hooks"]

AddHooks = Callable[[NotebookService], None]


def load_hooks(name: str) -> AddHooks:
    """Return the function ``add_hooks`` of a Python file, or of a module by its dotted name.

    Raises ``ValueError`` saying what is missing; what the module itself raises goes on.
    """
    path = Path(name)
    if name.endswith(".py"):
        if not path.is_file():
            raise ValueError(f"{name}: there is no such file")
        spec = importlib.util.spec_from_file_location(path.stem, path)
    else:
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            spec = None
    if spec is None or spec.loader is None:
        raise ValueError(f"{name}: there is no such module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    add_hooks: AddHooks | None = getattr(module, "add_hooks", None)
    if add_hooks is None:
        raise ValueError(f"{name}: it has no function add_hooks(service)")
    return add_hooks
