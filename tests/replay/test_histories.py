"""For random histories with creates, deletes, re-creates and several types, on every database."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharedb_py.archive import Archive
from sharedb_py.jsonvalue import MISSING, json_equal
from sharedb_py.ot.utf16 import join
from sharedb_py.replay.blaming import blame
from sharedb_py.replay.paths import format_path, parse_path
from tests.replay.histories import Seen, live_history
from tests.replay.stores import STORES, Store, open_store

seeds = st.integers(0, 2**32)


def with_history(
    kind: str, seed: int, check: Callable[[Store, Seen, Random], Awaitable[None]], steps: int = 25
) -> None:
    """Make a history of one seed on a fresh database and check something about it."""

    async def run() -> None:
        rng = Random(seed)
        with tempfile.TemporaryDirectory() as folder:
            async with open_store(kind, Path(folder)) as store:
                seen = await live_history(store, rng, steps)
                await check(store, seen, rng)

    asyncio.run(run())


@pytest.mark.parametrize("kind", STORES)
@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_a_version_is_what_a_client_saw_at_it(kind: str, seed: int) -> None:
    async def check(store: Store, seen: Seen, rng: Random) -> None:
        archive = Archive(store.db, store.milestones)
        for version, (type_uri, data) in seen.states.items():
            shown = await archive.at_version("docs", "d", version)
            assert (shown.version, shown.type_uri) == (version, type_uri)
            assert json_equal(None if shown.data is MISSING else shown.data, data)

    with_history(kind, seed, check)


@pytest.mark.parametrize("kind", STORES)
@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_a_history_that_a_server_wrote_is_verified_without_a_word(kind: str, seed: int) -> None:
    async def check(store: Store, seen: Seen, rng: Random) -> None:
        report = await Archive(store.db, store.milestones).verify("docs", "d")
        assert [f for f in report.findings if f.severity == "error"] == []
        assert report.ops == report.version == seen.last

    with_history(kind, seed, check)


@pytest.mark.parametrize("kind", STORES)
@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_blame_accounts_for_every_character_and_element(kind: str, seed: int) -> None:
    async def check(store: Store, seen: Seen, rng: Random) -> None:
        archive = Archive(store.db, store.milestones)
        for version in {seen.last, rng.randint(0, seen.last)}:
            found = await archive.attribution("docs", "d", version)
            shown = await archive.at_version("docs", "d", version)
            assert found.snapshot.data == shown.data
            for path, value in places(shown.data):
                pieces = blame(found, path)
                assert all(0 <= piece.origin <= piece.changed < version for piece in pieces)
                if isinstance(value, str):
                    assert join(*(piece.value for piece in pieces)) == value
                elif isinstance(value, list):
                    assert [piece.value for piece in pieces] == value
                elif isinstance(value, dict):
                    assert {piece.place: piece.value for piece in pieces} == value
                else:
                    assert [piece.value for piece in pieces] == [value]

    with_history(kind, seed, check)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Return every value in a document with its path; nothing where there is no document."""
    if value is MISSING:
        return []
    found = [(path, value)]
    items = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else items:
        found += places(item, (*path, key))
    return found


@pytest.mark.parametrize("kind", STORES)
@settings(max_examples=15, deadline=None)
@given(seed=seeds, threshold=st.integers(1, 40))
def test_bisect_agrees_with_a_linear_scan(kind: str, seed: int, threshold: int) -> None:
    async def check(store: Store, seen: Seen, rng: Random) -> None:
        archive = Archive(store.db, store.milestones)
        versions = range(seen.last + 1)
        states = [await archive.at_version("docs", "d", version) for version in versions]
        # Any set of versions will do for a condition that stays true once it is.
        first = 1 + threshold % seen.last
        found = await archive.bisect(
            "docs", "d", lambda snapshot: snapshot.version >= first, None, seen.last
        )
        assert found.version == first
        assert (found.before, found.after) == (states[first - 1], states[first])
        assert found.probes <= seen.last.bit_length()

    with_history(kind, seed, check)


@pytest.mark.parametrize("kind", STORES)
@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_what_bisect_finds_holds_and_did_not_before(kind: str, seed: int) -> None:
    async def check(store: Store, seen: Seen, rng: Random) -> None:
        archive = Archive(store.db, store.milestones)
        odd = {v for v in range(1, seen.last) if rng.random() < 0.5} | {seen.last}
        found = await archive.bisect("docs", "d", lambda s: s.version in odd, None, seen.last)
        assert found.version in odd
        assert found.version - 1 not in odd

    with_history(kind, seed, check)


@given(st.lists(st.one_of(st.integers(0, 99), st.text(min_size=1))))
def test_a_written_path_is_read_back(path: list[object]) -> None:
    read = parse_path(format_path(path))
    assert [str(segment) for segment in read] == [str(segment) for segment in path]


@pytest.mark.parametrize("kind", STORES)
@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_the_op_that_is_blamed_brought_what_it_is_blamed_for(kind: str, seed: int) -> None:
    async def check(store: Store, seen: Seen, rng: Random) -> None:
        archive = Archive(store.db, store.milestones)
        found = await archive.attribution("docs", "d", seen.last)
        ops = [op async for op in archive.ops("docs", "d")]
        for path, value in places(found.snapshot.data):
            for piece in blame(found, path):
                if piece.origin != piece.changed:
                    continue  # others changed it since
                brought = json.dumps(ops[piece.origin].get("op", ops[piece.origin].get("create")))
                if isinstance(value, str):
                    for char in piece.value:
                        written = json.dumps(char)[1:-1]
                        # Halves of a pair that met count as the later op's, which brought one.
                        halves = [written[:6], written[6:]] if len(written) == 12 else []
                        assert any(part in brought for part in [written, *halves])
                elif isinstance(piece.value, (str, dict, list)):
                    in_parts = len(ops[piece.origin].get("op", [])) > 1  # changed as it came
                    assert json.dumps(piece.value) in brought or in_parts

    with_history(kind, seed, check)
