"""Jupyter's own contents manager, to which a file without write permission is read-only.

The tests may run as root, who may write anything; whom the test stands for may not.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError


class HonestContents(AsyncLargeFileManager):
    """Goes by the file's mode."""

    def _may_write(self, path: str) -> bool:
        file = Path(self._get_os_path(path))  # type: ignore[no-untyped-call]
        return not file.exists() or bool(file.stat().st_mode & stat.S_IWUSR)

    def _base_model(self, path: str) -> dict[str, Any]:
        model: dict[str, Any] = super()._base_model(path)  # type: ignore[no-untyped-call]
        return {**model, "writable": model["writable"] and self._may_write(path)}

    async def save(self, model: dict[str, Any], path: str = "") -> Any:
        if not self._may_write(path):
            raise HTTPError(403, f"Permission denied: {path}")
        return await super().save(model, path)  # type: ignore[no-untyped-call]
