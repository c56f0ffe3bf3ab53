"""The HTML that the server sends: the notebook's shell with its data, and error pages. Pure."""

from __future__ import annotations

import html
import json
from typing import Any, Final
from urllib.parse import quote

__all__ = ["CSP", "HEADERS", "error_page", "notebook_page", "replay_page"]

CSP: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob: https:; media-src 'self' data: blob: https:; "
    "style-src 'self' 'unsafe-inline'; font-src 'self'; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""What every page of ours is sent with."""

ICON: Final = "data:image/svg+xml," + quote(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" '
    'rx="7" fill="#1f5fc4"/><path d="M13 8H8v16h5M19 8h5v16h-5" fill="none" stroke="#fff" '
    'stroke-width="2.5"/><path d="M13.5 12v8" stroke="#ffd34d" stroke-width="2.5"/>'
    '<path d="M18.5 12v8" stroke="#7fe0b4" stroke-width="2.5"/></svg>'
)
"""Two carets in the brackets of one cell."""


def _embed(data: Any) -> str:
    """Return JSON that may stand in a script element: no ``<`` in it, and ASCII only."""
    return json.dumps(data).replace("<", "\\u003c")


def _needed(static: dict[str, str], bundle: dict[str, Any]) -> list[str]:
    """Return the parts of the script that the cells of a notebook want at once."""
    cells = [cell for cell, _ in bundle["queries"][0][3]]
    names = static.get("preload", "").split()
    if any(cell.get("cell_type") == "markdown" for cell in cells):
        names += static.get("preload.markdown", "").split()
    if any(cell.get("outputs") for cell in cells):
        names += static.get("preload.outputs", "").split()
    return names


def _modulepreloads(base: str, names: list[str]) -> str:
    """Return links to the scripts that a page needs, so that none is found late."""
    return "".join(
        f'<link rel="modulepreload" href="{base}/derby/static/{name}">'
        for name in dict.fromkeys(names)
    )


def notebook_page(base: str, title: str, static: dict[str, str], bundle: dict[str, Any]) -> str:
    """Return the notebook's page: Derby boots from the bundle without a round trip."""
    return f"""<!DOCTYPE html>
<html lang="en" data-base="{html.escape(base)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<link rel="icon" href="{ICON}">
<link rel="stylesheet" href="{base}/derby/static/{static["app.css"]}">
{_modulepreloads(base, _needed(static, bundle))}
<script type="module" src="{base}/derby/static/{static["app.js"]}"></script>
<script type="application/json" data-derby-app-state>{_embed(bundle)}</script>
</head>
<body></body>
</html>
"""


def replay_page(base: str, title: str, static: dict[str, str], session: dict[str, Any]) -> str:
    """Return the replay page, with what it shows first; its script asks for the rest."""
    return f"""<!DOCTYPE html>
<html lang="en" data-base="{html.escape(base)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>History of {html.escape(title)}</title>
<link rel="icon" href="{ICON}">
<link rel="stylesheet" href="{base}/derby/static/{static["app.css"]}">
<link rel="stylesheet" href="{base}/derby/static/{static["replay.css"]}">
{_modulepreloads(base, static["preload.replay"].split())}
<script type="module" src="{base}/derby/static/{static["replay.js"]}"></script>
<script type="application/json" id="session">{_embed(session)}</script>
</head>
<body></body>
</html>
"""


def error_page(base: str, static: dict[str, str], title: str, text: str, advice: str) -> str:
    """Return a page that says what is wrong and what to do."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<link rel="icon" href="{ICON}">
<link rel="stylesheet" href="{base}/derby/static/{static["app.css"]}">
</head>
<body>
<main class="problem">
<h1>{html.escape(title)}</h1>
<p>{html.escape(text)}</p>
<p>{html.escape(advice)}</p>
<p><a class="button" href="{base}/tree">Open the file list</a></p>
</main>
</body>
</html>
"""
