"""Regular expressions that clients send, searched for in time linear in the text.

Python's own matcher tries alternatives one after the other, and an expression as
short as ``(a+)+$`` keeps it busy for years. Here the parsed expression becomes an
automaton that follows all alternatives at once, a character at a time. What no
automaton can do, lookarounds and backreferences, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final, TypeAlias

__all__ = ["compile_regex"]

Search: TypeAlias = Callable[[str], bool]

MAX_NODES: Final = 1_000
MAX_REMEMBERED: Final = 1_000
"""How many steps one expression remembers: what it does not is worked out again."""

_parser: Final = import_module("re._parser")

_BACKTRACKING: Final = {
    "ASSERT": "lookarounds",
    "ASSERT_NOT": "lookarounds",
    "GROUPREF": "backreferences",
    "GROUPREF_EXISTS": "backreferences",
    "ATOMIC_GROUP": "atomic groups",
    "POSSESSIVE_REPEAT": "possessive repeats",
}
_CLASSES: Final = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_OF_CHARACTERS: Final = re.IGNORECASE | re.DOTALL | re.ASCII
_NO_BOUNDARY_IN_NOTHING: Final = re.search(r"\B", "") is not None  # it depends on the version

_END: Final = ""
_LAST_NEWLINE: Final = "\n$"
"""Stands for a newline that ends the text: ``$`` may stand before it."""


def compile_regex(pattern: str, flags: int) -> Search:
    """Return a function that says whether a text contains the expression.

    Raises ``ValueError`` with the reason for one that is malformed, asks for
    what is refused, or is too large.
    """
    try:
        tree = _parser.parse(pattern, flags)
        builder = _Builder()
        start = builder.sequence(tree, tree.state.flags, builder.add(_Accept()))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return _Automaton(start).search


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands before a place in the text, and what after it."""

    before: str
    """The character before; empty at the beginning."""
    after: str
    """The one after, ``_LAST_NEWLINE`` or ``_END``."""


@dataclass(eq=False, slots=True)
class _Accept:
    """The expression is found."""


@dataclass(eq=False, slots=True)
class _Split:
    """Goes on in several ways."""

    ways: list[Any] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class _At:
    """Goes on if the place is right."""

    holds: Callable[[_Around], bool]
    then: Any


@dataclass(eq=False, slots=True)
class _Char:
    """Goes on past one character."""

    accepts: Callable[[str], Any]
    then: Any


_Node: TypeAlias = _Accept | _Split | _At | _Char


class _Builder:
    """Makes the nodes of an expression, from its end to its beginning."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, node: _Node) -> _Node:
        """Count a node; one too many is an error."""
        self._count += 1
        if self._count > MAX_NODES:
            raise OverflowError("it is too large")
        return node

    def sequence(self, items: Iterable[Any], flags: int, then: _Node) -> _Node:
        """Return the node that begins with the first of the items."""
        for operation, value in reversed(list(items)):
            then = self._item(str(operation), value, flags, then)
        return then

    def _item(self, operation: str, value: Any, flags: int, then: _Node) -> _Node:
        if operation in _BACKTRACKING:
            raise ValueError(f"takes no {_BACKTRACKING[operation]}")
        if operation == "SUBPATTERN":
            _, added, removed, inner = value
            return self.sequence(inner, (flags | added) & ~removed, then)
        if operation == "BRANCH":
            return self.add(_Split([self.sequence(way, flags, then) for way in value[1]]))
        if operation in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, inner = value
            return self._repeat(low, high, inner, flags, then)
        if operation == "AT":
            return self.add(_At(_place(str(value), flags), then))
        if operation == "FAILURE":
            return self.add(_Split())
        return self.add(_Char(_character(operation, value, flags), then))

    def _repeat(self, low: int, high: Any, items: Any, flags: int, then: _Node) -> _Node:
        start = then
        if high is _parser.MAXREPEAT:
            start = loop = _Split()
            self.add(loop)
            loop.ways += [self.sequence(items, flags, loop), then]
        else:
            for _ in range(high - low):
                start = self.add(_Split([self.sequence(items, flags, start), then]))
        for _ in range(low):
            entry = self.sequence(items, flags, start)
            if entry is start:
                break  # nothing repeated is nothing
            start = entry
        return start


def _character(operation: str, value: Any, flags: int) -> Callable[[str], Any]:
    """Return a test of one character: Python's own, so that case and classes are its."""
    if operation == "ANY":
        source = "."
    elif operation == "IN":
        source = f"[{''.join(_member(str(kind), of) for kind, of in value)}]"
    else:
        source = f"[{'^' * (operation == 'NOT_LITERAL')}{_escaped(value)}]"
    return re.compile(source, flags & _OF_CHARACTERS).fullmatch


def _member(kind: str, of: Any) -> str:
    if kind == "NEGATE":
        return "^"
    if kind == "RANGE":
        return f"{_escaped(of[0])}-{_escaped(of[1])}"
    return _CLASSES[str(of)] if kind == "CATEGORY" else _escaped(of)


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"


def _place(kind: str, flags: int) -> Callable[[_Around], bool]:
    multiline = bool(flags & re.MULTILINE)
    is_word = re.compile(r"\w", flags & re.ASCII).match

    def boundary(around: _Around) -> bool:
        return (is_word(around.before) is None) != (is_word(around.after) is None)

    def no_boundary(around: _Around) -> bool:
        nothing = not around.before and around.after == _END
        return _NO_BOUNDARY_IN_NOTHING if nothing else not boundary(around)

    places: dict[str, Callable[[_Around], bool]] = {
        "AT_BEGINNING_STRING": lambda around: not around.before,
        "AT_BEGINNING": lambda around: (
            not around.before or (multiline and around.before[0] == "\n")
        ),
        "AT_END_STRING": lambda around: around.after == _END,
        "AT_END": lambda around: (
            around.after in (_END, _LAST_NEWLINE) or (multiline and around.after == "\n")
        ),
        "AT_BOUNDARY": boundary,
        "AT_NON_BOUNDARY": no_boundary,
    }
    return places[kind]


class _State:
    """Everywhere the search may be after some text; knows where it goes from there."""

    __slots__ = ("before", "next", "nodes")

    def __init__(self, nodes: frozenset[_Node], before: str) -> None:
        self.nodes = nodes
        self.before = before
        self.next: dict[str, _State | None] = {}


class _Automaton:
    """Follows all alternatives at once; remembers the steps it has worked out."""

    def __init__(self, start: _Node) -> None:
        self._start = start
        self._forget()

    def _forget(self) -> None:
        self._states: dict[tuple[frozenset[_Node], str], _State] = {}
        self._remembered = 0
        self._first = self._state(frozenset([self._start]), "")

    def _state(self, nodes: frozenset[_Node], before: str) -> _State:
        return self._states.setdefault((nodes, before), _State(nodes, before))

    def search(self, text: str) -> bool:
        """Whether the text contains the expression."""
        state = self._first
        last = len(text) - 1 if text.endswith("\n") else -1
        for index, char in enumerate(text):
            following = self._after(state, _LAST_NEWLINE if index == last else char)
            if following is None:
                return True
            state = following
        return self._after(state, _END) is None

    def _after(self, state: _State, symbol: str) -> _State | None:
        try:
            return state.next[symbol]
        except KeyError:
            return self._step(state, symbol)

    def _step(self, state: _State, symbol: str) -> _State | None:
        """Work out and remember where a character leads; None: the expression is found."""
        if self._remembered >= MAX_REMEMBERED:
            self._forget()
        self._remembered += 1
        here = _closure(state.nodes, _Around(state.before, symbol))
        if here is None:
            state.next[symbol] = None
            return None
        char = symbol[:1]
        then = {node.then for node in here if char and node.accepts(char) is not None}
        # Only newlines and words before a place matter to what comes: one character for each.
        before = char if char == "\n" else _kind(char)
        following = self._state(frozenset([*then, self._start]), before)
        state.next[symbol] = following
        return following


def _kind(char: str) -> str:
    """Return a character that all expressions about places take for this one."""
    if char.isalnum() or char == "_":
        return "a" if char.isascii() else "é"
    return " "


def _closure(nodes: Iterable[_Node], around: _Around) -> list[_Char] | None:
    """Return the characters to look for next; None if nothing more is to be found."""
    found: list[_Char] = []
    waiting, seen = list(nodes), set(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, _Accept):
            return None
        if isinstance(node, _Char):
            found.append(node)
            continue
        ways = node.ways if isinstance(node, _Split) else [node.then] * node.holds(around)
        for way in ways:
            if way not in seen:
                seen.add(way)
                waiting.append(way)
    return found
