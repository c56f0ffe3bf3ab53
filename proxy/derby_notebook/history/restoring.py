"""What brings cells and notebooks back to what they were, as ops on what they are. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from derby_notebook.files.merge.text import text_op
from sharedb_py.jsonvalue import MISSING, json_equal
from sharedb_py.ops import Op
from sharedb_py.ot.json0 import json0
from sharedb_py.replay.timeline import DocKey
from sharedb_py.snapshot import Snapshot

__all__ = ["Plan", "Step", "plan_cell", "plan_notebook", "undoing"]

_CONTENT: Final = ("cell_type", "metadata", "attachments")
_SHOWN: Final = ("outputs", "execution_count", "_trusted")
"""What a cell shows, and whether that may run: the one never comes back without the other."""
_PASSING: Final = ("_state", "_editors", "_input", "_run")
RUNNING: Final = ("run", "queued", "busy")


@dataclass(frozen=True, slots=True)
class Step:
    """A change of one document, made for the version that it had: ``create``, ``del`` or ``op``."""

    key: DocKey
    version: int
    payload: Op


@dataclass
class Plan:
    """The steps, and what is left as it is, in words."""

    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _data(snapshot: Snapshot | None) -> dict[str, Any] | None:
    data = snapshot.data if snapshot is not None and snapshot.exists else None
    return data if isinstance(data, dict) else None


def plan_cell(key: DocKey, now: Snapshot, then: Snapshot) -> Plan:
    """Return what brings a cell back; where it stands now it stays, if it is there.

    A cell that was not there at the time cannot be brought back: the plan is empty.
    """
    plan = Plan()
    wanted = _data(then)
    if wanted is not None:
        _bring_back(plan, key, now, wanted, place=False)
    return plan


def plan_notebook(
    notebook: tuple[Snapshot, Snapshot], cells: Mapping[DocKey, tuple[Snapshot, Snapshot]]
) -> Plan:
    """Return what brings a notebook back: its cells, their order and its own settings.

    Both are given as they are and as they were.
    """
    plan = Plan()
    busy = 0
    for key, (now, then) in cells.items():
        wanted, here = _data(then), _data(now)
        busy += here is not None and here.get("_state") in RUNNING
        if wanted is not None:
            _bring_back(plan, key, now, wanted, place=True)
        elif here is not None and here.get("_state") not in RUNNING:
            plan.steps.append(Step(key, now.version, {"del": True}))
    _settings(plan, *notebook)
    if busy:
        plan.notes.append(
            "A cell that runs keeps its outputs"
            if busy == 1
            else f"{busy} cells that run keep their outputs"
        )
    return plan


def _bring_back(
    plan: Plan, key: DocKey, now: Snapshot, wanted: dict[str, Any], *, place: bool
) -> None:
    here = _data(now)
    if here is None:
        data = {name: value for name, value in wanted.items() if name not in _PASSING}
        if _has_ended(wanted):
            data["_run"] = wanted["_run"]
        data["_state"] = "idle"
        create = {"type": json0.uri, "data": data}
        plan.steps.append(Step(key, now.version, {"create": create}))
        return
    op = _edit(here, wanted, place=place)
    if op:
        plan.steps.append(Step(key, now.version, {"op": op}))


def _edit(here: dict[str, Any], wanted: dict[str, Any], *, place: bool) -> list[dict[str, Any]]:
    op: list[dict[str, Any]] = []
    source, before = wanted.get("source"), here.get("source")
    if isinstance(source, str) and isinstance(before, str):
        # Letter by letter, so that what others type at this moment stays, and so do carets.
        for part in text_op(before, source):
            change = {"si": part["i"]} if "i" in part else {"sd": part["d"]}
            op.append({"p": ["source", part["p"]], **change})
        fields: tuple[str, ...] = _CONTENT
    else:
        fields = ("source", *_CONTENT)
    if here.get("_state") not in RUNNING:
        fields += _SHOWN
        if _has_ended(wanted):
            fields += ("_run",)
    if place:
        fields += ("_weight",)
    return op + [part for name in fields for part in _set(here, wanted, name)]


def _has_ended(cell: dict[str, Any]) -> bool:
    """Whether a cell tells of a run that had ended: one that had not will never end now."""
    run = cell.get("_run")
    return isinstance(run, dict) and bool(run.get("ended"))


def _set(here: dict[str, Any], wanted: dict[str, Any], name: str) -> list[dict[str, Any]]:
    before, after = here.get(name, MISSING), wanted.get(name, MISSING)
    if before is MISSING and after is MISSING:
        return []
    if before is not MISSING and after is not MISSING and json_equal(before, after):
        return []
    old = {} if before is MISSING else {"od": before}
    new = {} if after is MISSING else {"oi": after}
    return [{"p": [name], **old, **new}]


def _settings(plan: Plan, now: Snapshot, then: Snapshot) -> None:
    here, wanted = _data(now), _data(then)
    if here is None or wanted is None:
        return
    before = (here.get("contents") or {}).get("metadata")
    after = (wanted.get("contents") or {}).get("metadata")
    if isinstance(before, dict) and isinstance(after, dict) and not json_equal(before, after):
        op = [{"p": ["contents", "metadata"], "od": before, "oi": after}]
        plan.steps.append(Step(("notebooks", now.id), now.version, {"op": op}))


def undoing(key: DocKey, committed: Op, before: Snapshot) -> Step | None:
    """Return what takes a committed step back, made for the version right behind it.

    ``before`` is the document that a step deleted.
    """
    version = committed["v"] + 1
    if "create" in committed:
        return Step(key, version, {"del": True})
    if "del" in committed:
        data = _data(before)
        if data is None:
            return None
        kept = {name: value for name, value in data.items() if name not in ("_editors", "_input")}
        return Step(key, version, {"create": {"type": json0.uri, "data": kept}})
    op = json0.invert(committed.get("op") or [])
    return Step(key, version, {"op": op}) if op else None
