"""How one list of query results becomes another (protocol section 5.1). Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sharedb_py.jsonvalue import JSONObject

__all__ = ["list_diff"]


def list_diff(
    before: Sequence[str], after: Sequence[str], value_of: Callable[[str], JSONObject]
) -> list[JSONObject]:
    """Return the steps, applied one after the other, that turn ``before`` into ``after``.

    First removes, then moves, then inserts; neighbours go together. ``value_of``
    gives what an insert carries for an id.
    """
    steps: list[JSONObject] = []
    wanted, known = set(after), set(before)
    current = _removes(list(before), wanted, steps)
    _moves(current, [doc_id for doc_id in after if doc_id in known], steps)
    _inserts(after, known, value_of, steps)
    return steps


def _removes(current: list[str], wanted: set[str], steps: list[JSONObject]) -> list[str]:
    index = 0
    while index < len(current):
        end = index
        while end < len(current) and current[end] not in wanted:
            end += 1
        if end > index:
            steps.append({"type": "remove", "index": index, "howMany": end - index})
            del current[index:end]
        index += 1
    return current


def _moves(current: list[str], target: list[str], steps: list[JSONObject]) -> None:
    for index, doc_id in enumerate(target):
        if current[index] == doc_id:
            continue
        start = current.index(doc_id, index)
        many = 1
        while current[start + many : start + many + 1] == target[index + many : index + many + 1]:
            if start + many >= len(current):
                break
            many += 1
        moved = current[start : start + many]
        del current[start : start + many]
        current[index:index] = moved
        steps.append({"type": "move", "from": start, "to": index, "howMany": many})


def _inserts(
    after: Sequence[str],
    known: set[str],
    value_of: Callable[[str], JSONObject],
    steps: list[JSONObject],
) -> None:
    run: JSONObject | None = None
    for index, doc_id in enumerate(after):
        if doc_id in known:
            run = None
        elif run is None:
            run = {"type": "insert", "index": index, "values": [value_of(doc_id)]}
            steps.append(run)
        else:
            run["values"].append(value_of(doc_id))
