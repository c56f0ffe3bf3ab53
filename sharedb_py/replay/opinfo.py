"""What one op says of itself: who, when, what, how much."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from sharedb_py.jsonvalue import MISSING, JSONObject, is_number
from sharedb_py.ops import Op
from sharedb_py.ot import types
from sharedb_py.ot.json0.components import from_text, is_text_edit
from sharedb_py.replay.paths import Path, format_path, is_inside

__all__ = ["Author", "Kind", "OpInfo", "author_of", "describe", "kind_of", "time_of", "touches"]

Kind: TypeAlias = Literal["create", "edit", "delete", "no-op"]

_USER_KEYS: Final = ("user", "userId", "user_id", "accountId", "username")
_SHOWN: Final = 24  # characters of a value in a summary
_COMPONENTS: Final = 3  # components of an op in a summary


@dataclass(frozen=True, slots=True)
class Author:
    """Who made an op: the connection's ``src``, and the user where the log names one."""

    src: str | None
    user: str | None = None

    @property
    def name(self) -> str:
        """The user, or else the source."""
        return self.user or self.src or "-"

    def is_called(self, text: str) -> bool:
        """Whether ``text`` is the user's name, the source, or the beginning of the source."""
        return text == self.user or bool(self.src and text and self.src.startswith(text))


@dataclass(frozen=True, slots=True)
class OpInfo:
    """One line of a document's log; ``size`` is that of the change as JSON text."""

    version: int
    time: float | None
    author: Author
    kind: Kind
    size: int
    summary: str

    def as_json(self) -> JSONObject:
        """The same for machines."""
        return {
            "v": self.version,
            "time": self.time,
            "src": self.author.src,
            "user": self.author.user,
            "kind": self.kind,
            "size": self.size,
            "summary": self.summary,
        }


def author_of(op: Op) -> Author:
    """Return who made an op; middleware may have noted the user in ``m`` or beside it."""
    for noted in (op.get("m"), op):
        if not isinstance(noted, dict):
            continue
        for key in _USER_KEYS:
            user = noted.get(key)
            if isinstance(user, dict):
                user = user.get("name") or user.get("id")
            if isinstance(user, (str, int)) and not isinstance(user, bool) and user != "":
                return Author(op.get("src"), str(user))
    return Author(op.get("src"))


def time_of(op: Op) -> float | None:
    """Return when an op was submitted, in ms since the epoch, or None if that is not known."""
    meta = op.get("m")
    time = meta.get("ts") if isinstance(meta, dict) else None
    return time if is_number(time) else None


def kind_of(op: Op) -> Kind:
    """Return what kind of change an op is."""
    if "create" in op:
        return "create"
    if "del" in op:
        return "delete"
    return "edit" if "op" in op else "no-op"


def describe(op: Op) -> OpInfo:
    """Return the log's line about an op."""
    kind = kind_of(op)
    key = {"create": "create", "delete": "del", "edit": "op", "no-op": ""}[kind]
    size = len(_dump(op[key])) if key else 0
    return OpInfo(op["v"], time_of(op), author_of(op), kind, size, _summary(op, kind))


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _short(value: Any) -> str:
    text = _dump(value)
    if len(text) <= _SHOWN:
        return text
    return text[: _SHOWN - 1] + ("…" if not isinstance(value, str) else '…"')


def _summary(op: Op, kind: Kind) -> str:
    if kind == "create":
        create = op["create"]
        ot_type = types.get(create.get("type", ""))
        name = ot_type.name if ot_type else create.get("type")
        return f"create {name} {_short(create['data'])}" if "data" in create else f"create {name}"
    if kind == "delete":
        return "delete"
    if kind == "no-op":
        return "no-op"
    components = op["op"] if isinstance(op["op"], list) else [op["op"]]
    if not components:
        return "nothing"
    shown = [_describe_component(component) for component in components[:_COMPONENTS]]
    more = len(components) - _COMPONENTS
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _describe_component(component: Any) -> str:
    if not isinstance(component, dict):
        return f"keep {component}" if is_number(component) else f"+{_short(component)}"
    if "p" not in component:
        deleted = component.get("d")
        return f"-{_short(deleted)}" if "d" in component else _short(component)
    if not isinstance(component["p"], list):
        return _describe_text_edit(component)
    if is_text_edit(component):
        component = from_text(component)
    place = format_path(component["p"])
    if "t" in component and isinstance(component.get("o"), list):
        edits = ", ".join(_describe_text_edit(edit) for edit in component["o"])
        return f"{place} {edits}"
    if "na" in component:
        return f"{place} {component['na']:+}"
    if "lm" in component:
        return f"{place} moved to [{component['lm']}]"
    for new, old in (("oi", "od"), ("li", "ld")):
        if new in component and old in component:
            return f"{place} {_short(component[old])} → {_short(component[new])}"
        if new in component:
            return f"{place} +{_short(component[new])}"
        if old in component:
            return f"{place} -{_short(component[old])}"
    return f"{place} ?"


def _describe_text_edit(edit: Any) -> str:
    if not isinstance(edit, dict):
        return _short(edit)
    if edit.get("i") is not None:
        return f"+{_short(edit['i'])} at {edit.get('p')}"
    return f"-{_short(edit.get('d'))} at {edit.get('p')}"


def _places(op: Op) -> Iterator[Path]:
    components = op["op"] if isinstance(op["op"], list) else [op["op"]]
    for component in components:
        path = component.get("p") if isinstance(component, dict) else MISSING
        if not isinstance(path, list):
            yield ()  # text, or a type whose ops are not known here
        elif is_text_edit(component):
            yield tuple(path[:-1])
        else:
            yield tuple(path)
            if "lm" in component and path:
                yield (*path[:-1], component["lm"])


def touches(op: Op, path: Path) -> bool:
    """Whether an op changes what is at a path, in it, or around it, taking the path literally."""
    if "op" not in op:
        return "create" in op or "del" in op
    return any(is_inside(place, path) or is_inside(path, place) for place in _places(op))
