"""What a page boots from: the documents with their versions, and who looks."""

from __future__ import annotations

from typing import Any

from derby_notebook.documents import Documents
from derby_notebook.people.colors import color_of
from derby_notebook.people.names import shown_name

__all__ = ["boot_data"]


async def boot_data(
    documents: Documents, base: str, notebook_id: str, path: str, user: dict[str, Any]
) -> dict[str, Any]:
    """Return the state that Derby starts with, so that the page needs no round trip."""
    query = {"_notebook": notebook_id}
    notebook = await documents.get("notebooks", notebook_id)
    cells = await documents.find("cells", query)
    session = {
        "userId": user["username"],
        "user": {
            "name": shown_name(user),
            "color": color_of(user["username"]),
            "icon": user.get("avatar_url"),
        },
        "notebookId": notebook_id,
        "path": path,
        "base": base,
        "role": user["role"],
    }
    results = [[{**cell.data, "id": cell.id}, cell.version] for cell in cells]
    return {
        "queries": [[[[1]], "cells", query, results]],
        "collections": {
            "_session": session,
            "notebooks": {notebook_id: {"v": notebook.version, "data": notebook.data}},
        },
        "contexts": {"root": {"subscribedDocs": {"notebooks": {notebook_id: 1}}}},
        "refs": [],
        "refLists": [],
        "fns": [],
        "filters": [],
        "nodeEnv": "production",
        "channel": f"{base}/channel",
    }
