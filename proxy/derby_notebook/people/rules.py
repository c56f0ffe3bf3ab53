"""What a client's op may change: decided by the op, and by what was there before. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from derby_notebook.people.names import shown_name
from derby_notebook.people.roles import may_edit
from derby_notebook.widgets import rules as widgets

__all__ = ["OPEN", "SHOWN", "misshapen", "refusal", "unlimited"]

OPEN: Final = frozenset({"notebooks", "cells", "users", "userNotebooks", "messages", "widgets"})
"""The collections that clients may name."""

CELL_FIELDS: Final = frozenset(
    {"source", "metadata", "attachments", "cell_type", "_weight", "_state", "_editors"}
)
"""What a client may change of a cell."""

SHOWN: Final = ("outputs", "execution_count", "_trusted")
"""What only a run makes: a client's new cell has it only as a copy of a cell of the notebook."""

FRESH_CELL: Final[dict[str, tuple[Any, ...]]] = {
    "_state": ("idle", "run", None),
    "_editors": ({}, None),
}
"""What a cell that a client creates may hold in these fields."""

CELL_TYPES: Final = frozenset({"code", "markdown", "raw"})
QUERY_WORDS: Final = frozenset({"$and", "$count", "$limit", "$nor", "$or", "$skip", "$sort"})
"""The words of a query that look at nothing but the documents that its fields name."""

_NOBODY_ELSE: Final = "A user enters and leaves a cell for themself"


def refusal(
    collection: str, doc_id: str, op: Any, user: Mapping[str, Any], before: Any = None
) -> str | None:
    """Return why a client's op is refused, None if it is not.

    ``before`` is what the document held, None: nothing.
    """
    username = user.get("username", "")
    if collection not in OPEN:
        return f"{collection} is not for clients to write"
    if collection == "users":
        return _refuse_user(doc_id, op, user)
    if collection == "userNotebooks":
        return _refuse_owned(op, username, before, "What a user sees of a notebook is their own")
    if not may_edit(user):
        return "You may read this notebook, not change it"
    if collection == "messages":
        if user.get("role") == "owner" and "del" in op:
            return None
        return _refuse_owned(op, username, before, "A message is its author's alone to write")
    if collection == "widgets":
        return widgets.refusal(op, before)
    if "del" in op:
        return "A notebook is not for clients to delete" if collection == "notebooks" else None
    if "create" in op:
        return _refuse_create(collection, (op.get("create") or {}).get("data"))
    if collection == "notebooks" and op.get("op"):
        return "A notebook is written by the notebook service only"
    return _first(_refuse_component(component, username) for component in op.get("op") or ())


def _first(reasons: Any) -> str | None:
    return next((reason for reason in reasons if reason), None)


def _refuse_user(doc_id: str, op: Any, user: Mapping[str, Any]) -> str | None:
    """A person is called what Jupyter calls them: nobody takes another's name."""
    if doc_id != user.get("username", ""):
        return "A user writes only about themself"
    if "del" in op:
        return None
    if "create" in op:
        given = (op.get("create") or {}).get("data")
    else:
        parts = op.get("op") or ()
        if any(len(part["p"]) != 1 or "oi" not in part for part in parts):
            return "What is known of a user is set as a whole"
        given = {part["p"][0]: part["oi"] for part in parts}
    if not isinstance(given, dict) or not set(given) <= {"id", "name", "color", "icon"}:
        return "Of a user a name, a colour and an icon are known"
    true = {"id": doc_id, "name": shown_name(user), "icon": user.get("avatar_url")}
    if any(given[key] != value for key, value in true.items() if key in given):
        return "A user is called what Jupyter calls them"
    return None


def _refuse_owned(op: Any, username: str, before: Any, reason: str) -> str | None:
    if isinstance(before, dict) and before.get("_user") != username:
        return reason
    if "create" in op:
        data = (op.get("create") or {}).get("data")
        if not isinstance(data, dict) or data.get("_user") != username:
            return reason
        return None if isinstance(data.get("_notebook"), str) else "It is about a notebook"
    if any(part["p"][:1] in ([], ["_user"], ["_notebook"]) for part in op.get("op") or ()):
        return "Whose this is, and of which notebook, does not change"
    return None


def _refuse_create(collection: str, data: Any) -> str | None:
    if not isinstance(data, dict):
        return "A document is an object"
    if collection == "notebooks":
        named = set(data) <= {"id", "name"} and isinstance(data.get("name"), str)
        return None if named else "A new notebook has a name and nothing else"
    for key, value in data.items():
        if key in FRESH_CELL:
            if not any(value == fresh for fresh in FRESH_CELL[key]):
                return f"{key} is written by the notebook service only"
        elif key.startswith("_") and key not in ("_notebook", "_weight", *SHOWN):
            return f"{key} is written by the notebook service only"
    return None if isinstance(data.get("_notebook"), str) else "A cell is in a notebook"


def _refuse_component(component: dict[str, Any], user: str) -> str | None:
    path = component["p"]
    field = path[0] if path else None
    if field not in CELL_FIELDS:
        return f"{field or 'A whole document'} is written by the notebook service only"
    if field == "_state" and (len(path) > 1 or component.get("oi") not in ("run", "idle")):
        return "A client may only ask for a run"
    if field == "_editors":
        if len(path) > 1:
            return None if path[1] == user else _NOBODY_ELSE
        entered = component.get("oi") in ({}, {user: 1}) and "od" not in component
        return None if entered else _NOBODY_ELSE
    return None


def misshapen(collection: str, data: Any) -> str | None:
    """Return what is wrong with what a document would hold, so that no client spoils a file."""
    if collection != "cells" or not isinstance(data, dict):
        return None
    if data.get("cell_type") not in CELL_TYPES:
        return "A cell's cell_type is one of code, markdown, raw"
    if not isinstance(data.get("source"), str):
        return "A cell's source is a text"
    for field in ("metadata", "attachments"):
        if not isinstance(data.get(field, {}), dict):
            return f"A cell's {field} is an object"
    weight = data.get("_weight", 0)
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        return "A cell's _weight is a number"
    return None


def unlimited(collection: str, query: Any) -> str | None:
    """Return why a query could look beyond the notebook it names, None if it cannot."""
    if not isinstance(query, dict):
        return "A query is an object"
    strange = [word for word in query if word.startswith("$") and word not in QUERY_WORDS]
    if strange:
        return f"{strange[0]} is not for clients"
    if collection == "users":
        return None
    key = "name" if collection == "notebooks" else "_notebook"
    if collection == "notebooks" and isinstance(query.get("_id"), str):
        return None
    if not isinstance(query.get(key), str):
        return f"A query of {collection} says of which {key}"
    return None
