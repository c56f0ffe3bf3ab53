"""Who runs when, and whom a failure stops."""

from __future__ import annotations

from typing import Any

import pytest

from derby_notebook.kernels.control import chosen, language_op
from derby_notebook.kernels.payloads import next_weight, pager
from derby_notebook.kernels.queue import Asked, RunQueue


def queue(*wishes: str) -> RunQueue:
    """Make a queue of wishes such as ``a:ann``."""
    made = RunQueue()
    for at, wish in enumerate(wishes):
        cell, _, user = wish.partition(":")
        assert made.put(Asked(cell, user, at))
    return made


def cells(asked: list[Asked]) -> list[str]:
    return [one.cell for one in asked]


def test_cells_run_in_the_order_asked_one_at_a_time() -> None:
    made = queue("b:ann", "a:ben")
    first = made.next()
    assert first is not None
    assert first.cell == "b"
    assert made.next() is None
    assert made.order == ["b", "a"]
    assert made.ended(failed=False) == []
    second = made.next()
    assert second is not None
    assert second.cell == "a"


def test_a_cell_waits_once_but_may_wait_while_it_runs() -> None:
    made = queue("a:ann")
    assert not made.put(Asked("a", "ben", 5))
    made.next()
    assert made.put(Asked("a", "ben", 6))
    assert made.order == ["a", "a"]


def test_a_failure_stops_what_its_own_user_has_waiting() -> None:
    made = queue("a:ann", "b:ben", "c:ann", "d:ben", "e:ann")
    made.next()
    assert cells(made.ended(failed=True)) == ["c", "e"]
    assert made.order == ["b", "d"]


def test_one_or_all_that_wait_can_be_cancelled_but_not_what_runs() -> None:
    made = queue("a:ann", "b:ben", "c:ann")
    made.next()
    assert cells(made.cancel("b")) == ["b"]
    assert cells(made.cancel("a")) == []
    assert cells(made.cancel()) == ["c"]
    assert made.order == ["a"]


CELLS: list[tuple[str, dict[str, Any]]] = [
    ("a", {"cell_type": "code"}),
    ("m", {"cell_type": "markdown"}),
    ("b", {"cell_type": "code"}),
    ("c", {"cell_type": "code"}),
]


def test_all_above_and_below_are_the_code_cells_there() -> None:
    assert chosen(CELLS, "all", None) == ["a", "b", "c"]
    assert chosen(CELLS, "above", "b") == ["a"]
    assert chosen(CELLS, "below", "b") == ["b", "c"]
    assert chosen(CELLS, "below", "m") == ["b", "c"]
    with pytest.raises(KeyError):
        chosen(CELLS, "above", "gone")


def test_metadata_learns_what_runs_it_and_keeps_what_somebody_chose() -> None:
    kernel = {"id": "k", "name": "python3", "display_name": "Python 3"}
    language = {"name": "python", "version": "3"}
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    op = language_op({}, kernel, language)
    assert {part["p"][-1]: part["oi"] for part in op} == {
        "language_info": language,
        "kernelspec": spec,
    }
    known = {"language_info": language, "kernelspec": {"name": "other"}}
    assert language_op(known, kernel, language) == []
    assert language_op({}, {}, {}) == []


def test_help_comes_as_one_page() -> None:
    payloads: list[dict[str, Any]] = [
        {"source": "page", "data": {"text/plain": "a"}},
        {"source": "page", "data": {"text/plain": "b"}},
        {"source": "set_next_input", "text": "x"},
    ]
    assert pager(payloads, "ann", 3) == {"user": "ann", "at": 3, "data": {"text/plain": "a\nb"}}
    assert pager([], "ann", 3) is None


def test_a_new_cell_lands_right_below_another() -> None:
    weights = {"a": 1000.0, "b": 2000.0, "c": 3000.0}
    assert next_weight(weights, "a") == 1500
    assert next_weight(weights, "c") == 4000
