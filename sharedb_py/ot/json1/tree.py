"""An op as a tree that mirrors the document: what happens at each place, and below it.

On the wire a place with one child continues in the same list (``["a", "b", {"r": true}]``)
and one with several holds a list for each. In memory there is no such difference, and
a tree may be written to in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from sharedb_py.errors import OpNotApplied
from sharedb_py.jsonvalue import json_equal

__all__ = [
    "Component",
    "Key",
    "Node",
    "Op",
    "Path",
    "by_slot",
    "has_drop",
    "has_pick",
    "precedes",
    "to_op",
    "to_tree",
]

Key: TypeAlias = int | str
Path: TypeAlias = list[Key]
Component: TypeAlias = dict[str, Any]
Op: TypeAlias = list[Any] | None


class Node:
    """One place in an op: its component, if something happens there, and the places below."""

    __slots__ = ("_children", "component", "key", "parent")

    def __init__(self, key: Key | None = None, parent: Node | None = None) -> None:
        self.key = key
        self.parent = parent
        self.component: Component | None = None
        self._children: dict[Key, Node] = {}

    @property
    def path(self) -> Path:
        """The keys that lead here from the root."""
        keys: Path = []
        node = self
        while node.parent is not None:
            assert node.key is not None
            keys.append(node.key)
            node = node.parent
        return keys[::-1]

    def child(self, key: Key) -> Node | None:
        """Return the place below at a key, if the op reaches it."""
        return self._children.get(key)

    def children(self) -> list[Node]:
        """Return the places below: indices ascending, then names as JavaScript sorts them."""
        return sorted(self._children.values(), key=_order)

    def walk(self) -> Iterator[Node]:
        """Yield this place and all below it, each before its children."""
        yield self
        for child in self.children():
            yield from child.walk()

    # Writing

    def at(self, key: Key) -> Node:
        """Return the place below at a key, made if need be."""
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = Node(key, self)
        return found

    def at_path(self, path: Path) -> Node:
        """Return the place at a path from here, made if need be."""
        node = self
        for key in path:
            node = node.at(key)
        return node

    def own_component(self) -> Component:
        """Return the component to write to, made if need be."""
        if self.component is None:
            self.component = {}
        return self.component

    def write(self, name: str, value: Any) -> None:
        """Set one entry of the component; raises if it holds another value already."""
        component = self.own_component()
        present = component.get(name)
        if present is not None and not _is_same(present, value):
            raise OpNotApplied("The op does two things at one place")
        component[name] = value

    def merge(self, other: Node) -> None:
        """Write all of another tree into this one."""
        for name, value in (other.component or {}).items():
            self.write(name, value)
        for child in other.children():
            assert child.key is not None
            self.at(child.key).merge(child)

    def mirror(self) -> Node:
        """Return a tree of the same shape which shares the components.

        It stays as it is while this one grows, but sees what is added to components it knew.
        """
        return self._mirror(None)

    def _mirror(self, parent: Node | None) -> Node:
        copy = Node(self.key, parent)
        copy.component = self.component
        copy._children = {key: child._mirror(copy) for key, child in self._children.items()}
        return copy


def _order(node: Node) -> tuple[int, int, bytes]:
    return _rank(node.key)


def _rank(key: Key | None) -> tuple[int, int, bytes]:
    if isinstance(key, str):
        # JavaScript compares code units, which differs from code points past the BMP.
        return (1, 0, key.encode("utf-16-be", "surrogatepass"))
    return (0, key or 0, b"")


def precedes(key: Key, other: Key) -> bool:
    """Whether a key stands before another among a place's children."""
    if isinstance(key, int) and isinstance(other, int):
        return key < other
    return _rank(key) < _rank(other)


def _is_same(present: Any, value: Any) -> bool:
    if isinstance(present, (dict, list)):
        return present is value
    return json_equal(present, value)


def has_pick(component: Component | None) -> bool:
    """Whether something leaves this place: moved away or removed."""
    return component is not None and ("p" in component or "r" in component)


def has_drop(component: Component | None) -> bool:
    """Whether something arrives at this place: moved here or inserted."""
    return component is not None and ("d" in component or "i" in component)


def by_slot(tree: Node, entry: str) -> dict[int, Node]:
    """Return the places of a tree that pick up (``"p"``) or drop (``"d"``), by their slots."""
    return {
        node.component[entry]: node
        for node in tree.walk()
        if node.component is not None and entry in node.component
    }


def to_tree(op: Op) -> Node:
    """Return the tree of an op, which is left alone: components are shared, so never write to them.

    Takes more than valid ops: lists in any order, and several components for one place.
    """
    root = Node()
    if op is not None:
        _read(op, root, lambda node, component: _share(node, component))
    return root


def _share(node: Node, component: Component) -> None:
    if node.component is not None:
        component = {**node.component, **component}
    node.component = component


def _read(op: list[Any], node: Node, take: Callable[[Node, Component], None]) -> None:
    for item in op:
        if isinstance(item, list):
            _read(item, node, take)
        elif isinstance(item, dict):
            take(node, item)
        else:
            node = node.at(item)


def to_op(tree: Node) -> Op:
    """Return the op that a tree stands for, in canonical form; None if nothing happens in it."""
    return _write(tree) or None


def _write(node: Node) -> list[Any]:
    kept = []
    for child in node.children():
        if rest := _write(child):
            kept.append([child.key, *rest])
    # A component that nothing was written to is none.
    here: list[Any] = [node.component] if node.component else []
    return here + (kept[0] if len(kept) == 1 else kept)
