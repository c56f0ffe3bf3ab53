"""Finding, in one op's tree, the places that correspond to those of another's.

The indices of a list in the two trees may count different items: one tree names them
before something left or arrived, the other after. Walking both in order and counting
what was passed translates one into the other.
"""

from __future__ import annotations

from collections.abc import Callable

from sharedb_py.ot.json1.tree import Component, Key, Node, precedes

__all__ = ["Beside", "component_of"]


def component_of(node: Node | None) -> Component | None:
    """Return what happens at a place that may not be reached."""
    return None if node is None else node.component


class Beside:
    """Finds children of a place by keys that are asked for in ascending order.

    ``passed`` is how many marked list items stand before the last key asked for. With
    ``uncounted``, the keys asked for are indices among the unmarked items alone: marked
    ones are never found.
    """

    def __init__(
        self,
        node: Node | None,
        marked: Callable[[Component | None], bool],
        *,
        uncounted: bool = False,
    ) -> None:
        self.passed = 0
        self._children = [] if node is None else node.children()
        self._next = 0
        self._marked = marked
        self._uncounted = uncounted

    def find(self, key: Key) -> Node | None:
        """Return the child at a key, if there is one."""
        while self._next < len(self._children):
            child = self._children[self._next]
            place = child.key
            assert place is not None
            marked = isinstance(place, int) and self._marked(child.component)
            if self._uncounted and isinstance(place, int):
                place -= self.passed
            if precedes(key, place):
                return None
            if place == key and not (marked and self._uncounted):
                return child
            self.passed += marked
            self._next += 1
        return None
