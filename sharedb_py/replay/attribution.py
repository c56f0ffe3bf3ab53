"""Who wrote what: each value of a document and each character, with the op it came from.

A document has a shadow of nodes, and each op changes the shadow as it changes the
document. Moved values take their nodes along; values that nothing was done in
since they came stay one node, however large.
"""

from __future__ import annotations

from array import array
from typing import Any, Final, TypeAlias

from sharedb_py.jsonvalue import MISSING, json_equal
from sharedb_py.ops import Op, apply_op
from sharedb_py.ot import types
from sharedb_py.ot.json0 import normalize_legacy
from sharedb_py.ot.json0.applying import child_key, list_index
from sharedb_py.ot.json0.components import Component, from_text, is_text_edit, subtype_of
from sharedb_py.ot.text0 import text0
from sharedb_py.ot.text_unicode import text_unicode
from sharedb_py.ot.utf16 import length, slice_units
from sharedb_py.snapshot import Snapshot

__all__ = ["BEFORE", "Attribution", "Node", "Units"]

BEFORE: Final = -1
"""Stands for an op that is not in the log any more."""

Units: TypeAlias = "array[int]"
"""For each UTF-16 code unit of a string, the version of the op that wrote it."""


class Node:
    """What is known of one value.

    ``origin`` is the version of the op that put it there, ``changed`` of the last one
    that changed something in it. ``kids`` is None until something is: then the nodes of a list's
    elements, those of an object's values that differ from this one, or a string's units.
    """

    __slots__ = ("changed", "kids", "origin")

    def __init__(self, origin: int) -> None:
        self.origin = origin
        self.changed = origin
        self.kids: dict[str, Node] | list[Node] | Units | None = None

    def child(self, key: Any) -> Node:
        """Return the node of an element or a value; a copy of this one's origin if untouched."""
        if isinstance(self.kids, dict):
            found = self.kids.get(key)
            if found is not None:
                return found
        elif isinstance(self.kids, list):
            node: Node = self.kids[key]
            return node
        return Node(self.origin)

    def units(self, text: str) -> Units:
        """Return who wrote each code unit of a string."""
        if isinstance(self.kids, array):
            return self.kids
        return array("i", [self.origin]) * length(text)

    def own_units(self, text: str) -> Units:
        """The same, for changing."""
        units = self.units(text)
        self.kids = units
        return units

    def own_list(self, value: list[Any]) -> list[Node]:
        """Return the nodes of a list's elements, for changing."""
        if not isinstance(self.kids, list):
            self.kids = [Node(self.origin) for _ in value]
        return self.kids

    def own_dict(self) -> dict[str, Node]:
        """Return the nodes of an object's values that are known apart, for changing."""
        if not isinstance(self.kids, dict):
            self.kids = {}
        return self.kids

    def own_child(self, value: Any, key: Any) -> Node:
        """Return the node of an element or a value, for changing."""
        if isinstance(value, list):
            node: Node = self.own_list(value)[key]
            return node
        kids = self.own_dict()
        if key not in kids:
            kids[key] = Node(self.origin)
        return kids[key]


class Attribution:
    """Follows a document op by op; ``snapshot`` is where it is, ``root`` what is known of it.

    What the first snapshot holds counts as written ``BEFORE``.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.root = Node(BEFORE)

    def follow(self, op: Op) -> None:
        """Apply a committed op; raises ``ShareDBError`` if it does not fit."""
        version, before = op["v"], self.snapshot
        if "op" in op:
            ot_type = types.get(before.type_uri or "")
            if ot_type is not None and ot_type.name == "json0":
                op = {**op, "op": normalize_legacy(before.data, op["op"])}
        self.snapshot = apply_op(before, op)
        if "create" in op:
            self.root = Node(version)
        elif "op" in op and "del" not in op:
            self._follow_edit(before, op["op"], version)

    def _follow_edit(self, before: Snapshot, op: Any, version: int) -> None:
        name = types[before.type_uri or ""].name
        if name == "json0":
            data = before.data
            for number, component in enumerate(op):
                self._follow_component(data, component, version)
                if number + 1 < len(op):
                    data = types[name].apply(data, [component])
        elif name == text0.name:
            self.root.changed = version
            _edit_text0(self.root.own_units(before.data), op, version)
        elif name == text_unicode.name:
            self.root.changed = version
            _edit_unicode(self.root.own_units(before.data), before.data, op, version)
        else:
            _compare(self.root, before.data, self.snapshot.data, version)

    # json0, component by component: what applying.py does to the data, done to the nodes

    def _follow_component(self, data: Any, component: Component, version: int) -> None:
        if is_text_edit(component):
            component = from_text(component)
        path = component["p"]
        inside = (subtype_of(component) is not None and "o" in component) or "na" in component
        if not path:
            if not inside:
                self.root = Node(version)  # oi or od at the root
                return
        node, value = self.root, data
        node.changed = version
        for segment in path if inside else path[:-1]:
            key = child_key(value, segment)
            node = node.own_child(value, key)
            value = value[key]
            node.changed = version
        if inside:
            if "na" not in component or subtype_of(component):
                _edit_text0(node.own_units(value), component["o"], version)
        elif isinstance(value, list):
            _edit_list(node.own_list(value), path[-1], component, version)
        else:
            _edit_object(node, value, path[-1], component, version)


def _edit_text0(units: Units, op: list[Component], version: int) -> None:
    for edit in op:
        position = int(edit["p"])
        if edit.get("i") is not None:
            units[position:position] = array("i", [version]) * length(edit["i"])
        else:
            del units[position : position + length(edit["d"])]


def _edit_unicode(units: Units, text: str, op: list[Any], version: int) -> None:
    """The op counts characters of ``text``, the nodes count code units."""
    read = written = 0
    for component in op:
        if isinstance(component, int):
            written += length(text[read : read + component])
            read += component
        elif isinstance(component, str):
            units[written:written] = array("i", [version]) * length(component)
            written += length(component)
        else:
            deleted = component["d"]
            count = deleted if isinstance(deleted, int) else len(deleted)
            del units[written : written + length(text[read : read + count])]
            read += count


def _splice_start(segment: Any, size: int) -> int:
    start = list_index(segment) or 0
    return max(size + start, 0) if start < 0 else min(start, size)


def _edit_list(nodes: list[Node], segment: Any, component: Component, version: int) -> None:
    start = _splice_start(segment, len(nodes))
    if "li" in component and "ld" in component:
        index = list_index(segment)
        if index is not None and index >= 0:
            nodes.extend(Node(version) for _ in range(index + 1 - len(nodes)))
            nodes[index] = Node(version)
    elif "li" in component:
        nodes.insert(start, Node(version))
    elif "ld" in component:
        del nodes[start : start + 1]
    elif "lm" in component:
        source, to = list_index(segment), list_index(component["lm"])
        if source is not None and source == to:
            return
        there = source is not None and 0 <= source < len(nodes)
        node = nodes[source] if there and source is not None else Node(version)
        del nodes[start : start + 1]
        nodes.insert(_splice_start(component["lm"], len(nodes)), node)


def _edit_object(node: Node, value: Any, segment: Any, component: Component, version: int) -> None:
    key = child_key(value, segment)
    if "oi" in component:
        node.own_dict()[str(segment) if key is MISSING else key] = Node(version)
    elif key is not MISSING:
        node.own_dict().pop(key, None)


# Types whose ops are not known here: what differs afterwards was changed by the op


def _compare(node: Node, before: Any, after: Any, version: int) -> None:
    if json_equal(before, after):
        return
    node.changed = version
    if isinstance(before, str) and isinstance(after, str):
        units = node.own_units(before)
        start, end = _same_ends(_units(before), _units(after))
        added = length(after) - start - end
        units[start : len(units) - end] = array("i", [version]) * added
    elif isinstance(before, list) and isinstance(after, list):
        nodes = node.own_list(before)
        start, end = _same_ends(before, after)
        if len(before) == len(after):
            for index in range(start, len(after) - end):
                _compare(nodes[index], before[index], after[index], version)
        else:
            added = len(after) - start - end
            nodes[start : len(nodes) - end] = [Node(version) for _ in range(added)]
    elif isinstance(before, dict) and isinstance(after, dict):
        kids = node.own_dict()
        for key in before.keys() - after.keys():
            kids.pop(key, None)
        for key, value in after.items():
            if key in before:
                _compare(node.own_child(before, key), before[key], value, version)
            else:
                kids[key] = Node(version)
    else:
        node.origin = version
        node.kids = None


def _units(text: str) -> list[str]:
    if text.isascii():
        return list(text)
    return [slice_units(text, index, index + 1) for index in range(length(text))]


def _same_ends(before: list[Any], after: list[Any]) -> tuple[int, int]:
    """Return how many elements are the same at the start, and of the rest at the end."""
    most = min(len(before), len(after))
    start = 0
    while start < most and json_equal(before[start], after[start]):
        start += 1
    end = 0
    while end < most - start and json_equal(before[-1 - end], after[-1 - end]):
        end += 1
    return start, end
