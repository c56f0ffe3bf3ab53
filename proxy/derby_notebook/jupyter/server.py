"""``python -m derby_notebook.jupyter.server MODULE …``: run a Jupyter Server's module, quicker."""

from __future__ import annotations

import runpy
import sys

import derby_notebook.quick_start  # noqa: F401 - before what Jupyter imports

__all__: list[str] = []

if __name__ == "__main__":
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
