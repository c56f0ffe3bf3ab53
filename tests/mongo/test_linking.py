"""Which ops count: the chain of links through orphans and gaps."""

from __future__ import annotations

from typing import Any

import pytest

from sharedb_mongo.linking import chain, in_range, latest_delete, orphans, unique_version_link
from sharedb_py.errors import DatabaseError


def op(name: str, v: int, after: str | None, **more: Any) -> dict[str, Any]:
    return {"_id": name, "v": v, "o": after, **more}


# Version 1 was tried three times: b counts, since c links to it.
OPS = [
    op("a", 0, None),
    op("b1", 1, "a"),
    op("b", 1, "a"),
    op("b2", 1, "a"),
    op("c", 2, "b"),
    op("d1", 3, "c"),
    op("d", 3, "c"),
]


def names(ops: Any) -> list[str]:
    return [op["_id"] for op in ops]


def test_only_ops_that_lead_to_the_snapshot_count() -> None:
    assert names(chain(OPS, "d", 4)) == ["a", "b", "c", "d"]
    assert names(chain(OPS, "c", 3)) == ["a", "b", "c"]
    assert names(chain(OPS[1:], "d1", 4)) == ["b", "c", "d1"]
    assert chain([], "d", 4) == []


def test_a_chain_is_taken_up_again_below_a_gap_where_nothing_is_ambiguous() -> None:
    without_c = [item for item in OPS if item["_id"] != "c"]
    assert names(chain(without_c, "d", 4)) == ["a", "d"]
    assert names(chain(OPS[:5], "lost", 5)) == ["a", "b", "c"]


def test_a_missing_op_is_an_error_in_ranges_that_hold_it_alone() -> None:
    found = chain([item for item in OPS if item["_id"] != "c"], "d", 4)
    assert names(in_range(found, "x.y", 3, None, 4)) == ["d"]
    assert names(in_range(found, "x.y", 0, 1, 4)) == ["a"]
    for start, end in [(None, None), (2, 3), (0, 100)]:
        with pytest.raises(DatabaseError, match="Missing ops from requested version") as caught:
            in_range(found, "x.y", start, end, 4)
        assert caught.value.code == 5103
        assert in_range(found, "x.y", start, end, 4, ignore_missing=True) is not None


@pytest.mark.parametrize(
    ("versions", "found"),
    [
        ([], None),
        ([1], 1),
        ([1, 1], None),
        ([1, 2], 1),
        ([1, 1, 2], 2),
        ([1, 1, 2, 2, 3, 4], 3),
        ([1, 1, 1, 2, 2], None),
    ],
)
def test_the_first_version_with_one_op_alone_is_sure(
    versions: list[int], found: int | None
) -> None:
    link = unique_version_link([op(str(n), v, None) for n, v in enumerate(versions)])
    assert (None if link is None else link["v"]) == found


def test_without_a_snapshot_the_last_delete_ends_the_chain() -> None:
    assert latest_delete(OPS) is None
    deleted = [*OPS, {**op("e", 4, "d"), "del": True}, op("f", 5, "e")]
    found = latest_delete(deleted)
    assert found is not None
    assert found["_id"] == "e"


def test_orphans_are_what_no_commit_can_still_use() -> None:
    assert orphans(OPS, "d", 4, lambda op_id: False) == ["b1", "b2", "d1"]
    assert orphans(OPS, "c", 3, lambda op_id: False) == ["b1", "b2"]
    assert orphans(OPS, "c", 3, lambda op_id: op_id == "d") == ["b1", "b2", "d"]
