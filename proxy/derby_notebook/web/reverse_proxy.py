"""Passes everything that is not ours to the Jupyter Server: http and websockets."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import httpx
from starlette.background import BackgroundTask
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from derby_notebook.jupyter.http import http_client, tls_context
from derby_notebook.web.origin import FORWARDED, forwarded, public_host

__all__ = ["ReverseProxy", "end_to_end", "without_token"]

log = logging.getLogger(__name__)

_HOP_BY_HOP: Final = frozenset(
    b"connection keep-alive te trailer transfer-encoding upgrade proxy-authenticate "
    b"proxy-authorization proxy-connection".split()
)
_OUR_OWN: Final = frozenset({b"server", b"date"})
"""What our own server says in every answer."""
_HANDSHAKE: Final = frozenset({b"host", b"connection", b"upgrade"})
_AS_IT_IS: Final = ("/files/", "/nbconvert/")
"""Below here are people's own files: what looks like a token in them is theirs."""
_TOKEN: Final = re.compile(rb"""("token"\s*:\s*|\btoken=)("[^"]*"|'[^']*')""")


def without_token(page: bytes, token: str = "") -> bytes:
    """Return a Jupyter page that does not tell the server's token.

    Pages hold it in their configuration, error pages in an attribute of the body.
    """
    page = _TOKEN.sub(rb'\1""', page)
    return page.replace(token.encode(), b"") if token else page


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers that are not about one hop only, names in lower case."""
    lower = [(name.lower(), value) for name, value in headers]
    listed = b",".join(value for name, value in lower if name == b"connection")
    hop = _HOP_BY_HOP | {name.strip().lower() for name in listed.split(b",")}
    return [(name, value) for name, value in lower if name not in hop]


Observer: TypeAlias = Callable[[str, str, bytes], None]
"""Told of a file operation that Jupyter carried out: method, path, and the answer's body."""


class ReverseProxy:
    """Forwards requests with the caller's own credentials; ``url`` is the server's.

    It names itself as the proxy that it is: what callers say of themselves in
    ``X-Forwarded-*`` is dropped, unless ``trusted`` says that a proxy stands before us.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        trusted: bool = False,
        observer: Observer | None = None,
    ) -> None:
        parts = urlsplit(url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._base = parts.path.rstrip("/")
        self._token = token
        self._observer = observer
        self._trusted = trusted
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
        self._http = http_client(timeout=httpx.Timeout(None, connect=10), limits=limits)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    def _target(self, connection: HTTPConnection) -> str:
        """Return the address to ask; raises ``ValueError`` for one that is no path of ours.

        What does not begin with a slash would be read as part of the host.
        """
        path = bytes(connection.scope.get("raw_path") or connection.url.path.encode())
        if not path.startswith(b"/"):
            raise ValueError(f"{path!r} is no path")
        query = connection.scope["query_string"]
        return self._origin + path.decode("ascii") + (f"?{query.decode()}" if query else "")

    def _headers(self, connection: HTTPConnection) -> list[tuple[bytes, bytes]]:
        given = end_to_end(connection.headers.raw)
        if "transfer-encoding" in connection.headers:
            # A length beside it would be believed by one server and not by the next.
            given = [(name, value) for name, value in given if name != b"content-length"]
        host = public_host(connection.headers, trusted=self._trusted) or ""
        kept = [(k, v) for k, v in given if k not in FORWARDED and k != b"host"]
        return [
            (b"host", host.encode("latin-1")),
            *kept,
            *forwarded(connection, trusted=self._trusted),
        ]

    async def http(self, request: Request) -> Response:
        """Forward a request, both bodies streamed; only pages are held to take the token out."""
        try:
            target = self._target(request)
        except ValueError:
            return PlainTextResponse("An address begins with a slash\n", 400)
        has_body = {"content-length", "transfer-encoding"} & set(request.headers)
        upstream = self._http.build_request(
            request.method,
            target,
            headers=self._headers(request),
            content=request.stream() if has_body else None,
        )
        try:
            answer = await self._http.send(upstream, stream=True)
        except httpx.HTTPError as error:
            log.warning("The Jupyter Server does not answer: %s", error)
            text = (
                "The Jupyter Server does not answer. Open notebooks go on; try again in a moment.\n"
            )
            return PlainTextResponse(text, 502)
        kept = [(k, v) for k, v in end_to_end(answer.headers.raw) if k not in _OUR_OWN]
        watched = self._watches(request) and answer.is_success
        if watched:
            assert self._observer is not None
            self._observer(request.method, request.url.path, await answer.aread())
        if self._is_page(request, answer):
            page = without_token(await answer.aread(), self._token)
            drop = {b"content-length", b"content-encoding", b"etag"}
            response = Response(page, answer.status_code)
            response.raw_headers += [(k, v) for k, v in kept if k not in drop]
            return response
        if watched:
            response = Response(await answer.aread(), answer.status_code)
            drop = {b"content-length", b"content-encoding"}
            response.raw_headers += [(k, v) for k, v in kept if k not in drop]
            return response
        streamed = StreamingResponse(
            _raw(answer), answer.status_code, background=BackgroundTask(answer.aclose)
        )
        streamed.raw_headers = kept
        return streamed

    def _is_page(self, request: Request, answer: httpx.Response) -> bool:
        below = request.url.path.removeprefix(self._base)
        html = answer.headers.get("content-type", "").startswith("text/html")
        return html and not (answer.is_success and below.startswith(_AS_IT_IS))

    def _watches(self, request: Request) -> bool:
        return (
            self._observer is not None
            and request.method in ("PATCH", "PUT", "DELETE", "POST")
            and "/api/contents" in request.url.path
        )

    async def websocket(self, websocket: WebSocket) -> None:
        """Forward a websocket: the server's choice of subprotocol, its frames and its close."""
        try:
            path = self._target(websocket).removeprefix(self._origin)
        except ValueError:
            await websocket.close(1008)
            return
        given = self._headers(websocket)
        headers = [
            (key.decode("latin-1"), value.decode("latin-1"))
            for key, value in given
            if key not in _HANDSHAKE and not key.startswith(b"sec-websocket-")
        ]
        # The address names the browser's own Host, which Jupyter compares with the Origin.
        upstream_at = urlsplit(self._origin)
        scheme = "wss" if upstream_at.scheme == "https" else "ws"
        host = public_host(websocket.headers, trusted=self._trusted) or upstream_at.netloc
        target = f"{scheme}://{host}{path}"
        try:
            upstream = await connect(
                target,
                additional_headers=headers,
                user_agent_header=None,
                subprotocols=websocket.scope.get("subprotocols") or None,
                max_size=None,
                open_timeout=60,
                ping_interval=None,
                ssl=tls_context() if scheme == "wss" else None,
                server_hostname=upstream_at.hostname if scheme == "wss" else None,
                proxy=None,
                host=upstream_at.hostname,
                port=upstream_at.port or (443 if scheme == "wss" else 80),
            )
        except InvalidStatus as error:
            log.info("The Jupyter Server refused a websocket: %s", error)
            await websocket.close(1008)
            return
        except (OSError, WebSocketException, TimeoutError) as error:
            log.warning("The Jupyter Server does not answer: %s", error)
            await websocket.close(1013)
            return
        async with upstream:
            await websocket.accept(upstream.subprotocol)
            tasks = [
                asyncio.create_task(_upward(websocket, upstream)),
                asyncio.create_task(_downward(upstream, websocket)),
            ]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def _raw(answer: httpx.Response) -> AsyncIterator[bytes]:
    async for chunk in answer.aiter_raw():
        yield chunk


async def _upward(websocket: WebSocket, upstream: ClientConnection) -> None:
    while True:
        event = await websocket.receive()
        if event["type"] == "websocket.disconnect":
            await upstream.close()
            return
        text = event.get("text")
        await upstream.send(text if text is not None else event["bytes"])


async def _downward(upstream: ClientConnection, websocket: WebSocket) -> None:
    try:
        async for frame in upstream:
            if isinstance(frame, str):
                await websocket.send_text(frame)
            else:
                await websocket.send_bytes(frame)
    except (ConnectionClosed, WebSocketDisconnect):
        pass
    code = upstream.close_code or 1011
    await websocket.close(code if code not in (1005, 1006, 1015) else 1000)
