"""What every json1 op must look like, whatever document it is for."""

from __future__ import annotations

from typing import Any, Final

from sharedb_py.errors import OpBadlyFormed
from sharedb_py.jsonvalue import MAX_DEPTH, RESERVED_NAMES, is_number
from sharedb_py.ot.json1.subtypes import edit_type
from sharedb_py.ot.json1.tree import Key, precedes

__all__ = ["check_op"]

_MAX_INDEX: Final = 2**31
_ENTRIES: Final = frozenset({"p", "r", "d", "i", "e", "es", "ena", "et"})


def check_op(op: Any) -> None:
    """Raise ``OpBadlyFormed`` for an op that no document could take."""
    if op is not None:
        _Check().run(op)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise OpBadlyFormed(message)


def _is_index(value: Any) -> bool:
    return type(value) is int and 0 <= value < _MAX_INDEX


class _Check:
    """One look at an op, in which slots may be used once."""

    def __init__(self) -> None:
        self._picked: set[int] = set()
        self._dropped: set[int] = set()

    def run(self, op: Any) -> None:
        self._check_list(op, 0, is_root=True)
        _require(self._picked == self._dropped, "Every item picked up must be dropped, once")
        slots = set(range(len(self._picked)))
        _require(self._picked == slots, "Slots must be numbered from zero without gaps")

    def _check_list(self, items: Any, depth: int, *, is_root: bool = False) -> Any:
        """Check a list of an op and return the key that it starts with."""
        _require(isinstance(items, list), "Op must be null or a list")
        _require(len(items) > 0, "Op must not contain an empty list")
        if not is_root:
            self._check_key(items[0])
        last: Any = None if is_root else items[0]
        starts: list[Key] = []
        for item in items:
            if isinstance(item, list):
                starts.append(self._check_list(item, depth, is_root=False))
                if len(starts) > 1:
                    _require(precedes(*starts[-2:]), "Keys must be in ascending order")
            elif isinstance(item, dict):
                _require(not isinstance(last, (dict, list)), "A component must follow a key")
                self._check_component(item)
            else:
                _require(not starts, "No key may follow the lists of several children")
                self._check_key(item)
                depth += 1
                _require(depth <= MAX_DEPTH, f"Op reaches more than {MAX_DEPTH} deep")
            last = item
        _require(len(starts) != 1, "An only child must not be in a list of its own")
        _require(isinstance(last, (dict, list)), "Op must do something at the end of each path")
        return items[0]

    def _check_key(self, key: Any) -> None:
        _require(isinstance(key, str) or _is_index(key), "A key must be an index or a name")
        _require(key not in RESERVED_NAMES, "A key must not be a property of all objects")

    def _check_component(self, component: dict[str, Any]) -> None:
        _require(len(component) > 0, "A component must not be empty")
        unknown = component.keys() - _ENTRIES
        _require(not unknown, f"Unknown entries in a component: {', '.join(sorted(unknown))}")
        _require(not {"p", "r"} <= component.keys(), "An item is picked up or removed, not both")
        _require(not {"d", "i"} <= component.keys(), "An item is dropped or inserted, not both")
        if "p" in component:
            self._use(self._picked, component["p"])
        if "d" in component:
            self._use(self._dropped, component["d"])
        self._check_edit(component)

    @staticmethod
    def _use(used: set[int], slot: Any) -> None:
        _require(_is_index(slot), "A slot must be a whole number, not negative")
        _require(slot not in used, "A slot must be used once")
        used.add(slot)

    @staticmethod
    def _check_edit(component: dict[str, Any]) -> None:
        edits = component.keys() & {"e", "es", "ena"}
        _require(len(edits) <= 1, "A component must have one edit at most")
        _require("es" not in edits or isinstance(component["es"], list), "es must be a list")
        _require("ena" not in edits or is_number(component["ena"]), "ena must be a number")
        if "et" in component or "e" in component:
            _require("et" in component, "An edit must name its type")
            edit_type(component)
