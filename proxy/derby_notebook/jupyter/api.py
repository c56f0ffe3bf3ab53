"""Jupyter's REST interface, as far as the service needs it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx

from derby_notebook.jupyter.guarded_save import REPLACES
from derby_notebook.jupyter.http import http_client

__all__ = ["JupyterAPI", "JupyterError", "contents_address"]


class JupyterError(Exception):
    """Jupyter refused or could not be reached; ``status`` is 0 for the latter."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def segment(name: str) -> str:
    """Return a name as one step of an address; raises ``JupyterError`` for one that is none."""
    if name in ("", ".", ".."):
        raise JupyterError(404, f"There is no {name or 'nameless one'}")
    return quote(name, safe="")


def contents_address(path: str) -> str:
    """Return the address of a file below the server's own.

    Raises ``JupyterError`` for what names no file: an HTTP client would take ``..``
    for a step up, out of the contents and to any other endpoint.
    """
    if any(step in (".", "..") for step in path.replace("\\", "/").split("/")) or "\0" in path:
        raise JupyterError(404, f"There is no file {path}")
    return f"api/contents/{quote(path)}"


class JupyterAPI:
    """Calls a Jupyter Server with the service's own token.

    ``url`` ends with a slash and includes the server's base_url.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url if url.endswith("/") else url + "/"
        self.token = token
        headers = {"Authorization": f"token {token}"} if token else {}
        self._http = http_client(base_url=self.url, headers=headers, timeout=60)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def _call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            response = await self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise JupyterError(0, f"The Jupyter Server does not answer: {error}") from error
        if response.is_success:
            return response.json() if response.content else None
        try:
            message = response.json().get("message") or response.reason_phrase
        except ValueError:
            message = response.reason_phrase
        raise JupyterError(response.status_code, message)

    async def version(self) -> str:
        """Return the server's version."""
        return str((await self._call("GET", "api"))["version"])

    async def contents(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Return a contents model; ``content``, ``hash``, ``type``, ``format`` as parameters."""
        model: dict[str, Any] = await self._call("GET", contents_address(path), params=parameters)
        return model

    async def save(
        self, path: str, notebook: dict[str, Any], replaces: str | None = None
    ) -> dict[str, Any]:
        """Write a notebook and return its contents model.

        ``replaces`` is the hash of the file that may be written over: a server with
        our extension refuses with 409 if there is another.
        """
        body = {"type": "notebook", "format": "json", "content": notebook, REPLACES: replaces}
        model: dict[str, Any] = await self._call("PUT", contents_address(path), json=body)
        return model

    async def save_text(self, path: str, text: str) -> None:
        """Write a file of text."""
        body = {"type": "file", "format": "text", "content": text}
        await self._call("PUT", contents_address(path), json=body)

    async def move(self, path: str, new: str) -> None:
        """Move a file; 409 if there is another at its new place."""
        await self._call("PATCH", contents_address(path), json={"path": new})

    async def session(self, path: str, kernel: str | None) -> dict[str, Any]:
        """Return the notebook's session; one is started if there is none."""
        name = path.rsplit("/", 1)[-1]
        body = {"path": path, "name": name, "type": "notebook", "kernel": {"name": kernel}}
        model: dict[str, Any] = await self._call("POST", "api/sessions", json=body)
        return model

    async def end_session(self, session_id: str) -> None:
        """End a session and its kernel; one that is gone already stays gone."""
        try:
            await self._call("DELETE", f"api/sessions/{session_id}")
        except JupyterError as error:
            if error.status != 404:
                raise

    async def move_session(self, session_id: str, path: str) -> None:
        """Tell Jupyter where a session's notebook is now."""
        body = {"path": path, "name": path.rsplit("/", 1)[-1]}
        await self._call("PATCH", f"api/sessions/{session_id}", json=body)

    async def checkpoints(self, path: str) -> list[dict[str, Any]]:
        """Return a file's checkpoints: ``id`` and ``last_modified`` of each."""
        found: list[dict[str, Any]] = await self._call(
            "GET", f"{contents_address(path)}/checkpoints"
        )
        return found

    async def checkpoint(self, path: str) -> dict[str, Any]:
        """Keep the file as it is as Jupyter's checkpoint; return its ``id`` and time."""
        made: dict[str, Any] = await self._call("POST", f"{contents_address(path)}/checkpoints")
        return made

    async def restore_checkpoint(self, path: str, checkpoint_id: str) -> None:
        """Put a checkpoint in the place of the file."""
        name = segment(checkpoint_id)
        await self._call("POST", f"{contents_address(path)}/checkpoints/{name}")

    async def trust(self, path: str) -> None:
        """Have the notebook signed as it is on disk."""
        await self._call("POST", f"{contents_address(path)}/trust")

    async def kernel(self, kernel_id: str) -> dict[str, Any]:
        """Return a kernel's model."""
        model: dict[str, Any] = await self._call("GET", f"api/kernels/{kernel_id}")
        return model

    async def kernel_action(self, kernel_id: str, action: str) -> None:
        """``interrupt`` or ``restart`` a kernel."""
        await self._call("POST", f"api/kernels/{kernel_id}/{action}")

    async def kernel_specification(self, name: str) -> dict[str, Any]:
        """Return what a notebook's metadata says of a kernel; raises for one not installed."""
        found = await self._call("GET", f"api/kernelspecs/{segment(name)}")
        spec = found["spec"]
        return {
            "name": name,
            "display_name": spec["display_name"],
            "language": spec.get("language", ""),
        }

    async def kernel_names(self) -> dict[str, str]:
        """Return the installed kernels' display names by name; the default one as ``""``."""
        found = await self._call("GET", "api/kernelspecs")
        specs = found["kernelspecs"]
        names = {name: spec["spec"]["display_name"] for name, spec in specs.items()}
        return {"": found["default"], **names}
