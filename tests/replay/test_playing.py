"""Recorded sessions sent to another server, over real websockets."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharedb_py.archive import Archive
from sharedb_py.backend import Backend
from sharedb_py.cli.play import plays_of_file
from sharedb_py.cli.player import Player
from sharedb_py.client.aio import connect
from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import json_equal
from sharedb_py.messages import PROTOCOL
from sharedb_py.replay.playing import DocPlay, play_of_log, timeline
from sharedb_py.snapshot import empty_snapshot
from tests.replay.histories import live_history, serving, work
from tests.replay.servers import recorded, served
from tests.replay.stores import Store, open_store

FAST = float("inf")


async def played(url: str, *plays: DocPlay) -> Player:
    player = Player(url, FAST)
    await player.play(list(plays))
    return player


async def log_play(store: Store, first: int = 0) -> DocPlay:
    """The play of ``docs/d``, from a version on."""
    archive = Archive(store.db, store.milestones)
    start = await archive.at_version("docs", "d", first)
    ops = [op async for op in archive.ops("docs", "d", first)]
    return play_of_log("docs", start, ops, await archive.head("docs", "d"))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_log_played_into_another_server_gives_the_same_document_and_log(seed: int) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with (
                open_store("memory", Path(folder)) as source,
                open_store("memory", Path(folder)) as target,
            ):
                seen = await live_history(source, Random(seed), 25)
                async with served(serving(target)) as url:
                    player = await played(url, await log_play(source))
                assert player.problems == []
                assert player.ops == seen.last
                ours = await source.db.get_ops("docs", "d", 0, None)
                theirs = await target.db.get_ops("docs", "d", 0, None)
                assert ours == theirs  # sources, numbers and versions included

    asyncio.run(run())


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_log_is_played_from_any_version_on(seed: int) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with (
                open_store("memory", Path(folder)) as source,
                open_store("memory", Path(folder)) as target,
            ):
                seen = await live_history(source, Random(seed), 15)
                first = seed % seen.last
                async with served(serving(target)) as url:
                    player = await played(url, await log_play(source, first))
                assert player.problems == []
                end = await target.db.get_snapshot("docs", "d")
                assert json_equal(end.data, (await source.db.get_snapshot("docs", "d")).data)

    asyncio.run(run())


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_recording_is_played_with_the_concurrency_it_had(seed: int) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            async with (
                open_store("memory", folder) as source,
                open_store("memory", folder) as target,
            ):
                tape = folder / "tape.jsonl"
                async with served(serving(source)) as url, recorded(url, tape) as front:
                    await work(Random(seed), [connect(front) for _ in range(3)], "d", 25)
                plays = plays_of_file(tape)
                async with served(serving(target)) as url:
                    player = await played(url, *plays)
                assert player.problems == []
                # A client that undid an op of its own may leave before the server has answered.
                notes = [note for play in plays for note in play.notes]
                assert [note for note in notes if "not answered" not in note] == []
                ours = await source.db.get_ops("docs", "d", 0, None)
                theirs = await target.db.get_ops("docs", "d", 0, None)
                assert ours == theirs

    asyncio.run(run())


async def raw_session(url: str) -> None:
    """Two clients edit at once: the second op is made for an old version, the third is refused."""
    from websockets.asyncio.client import connect as open_websocket

    async with open_websocket(url) as ana, open_websocket(url) as ben:

        async def ask(socket: Any, **message: Any) -> Any:
            await socket.send(json.dumps(message))
            while True:
                answer = json.loads(await socket.recv())
                if (answer["a"] == message["a"] and "op" not in answer) or "error" in answer:
                    return answer

        for socket, name in ((ana, "ana"), (ben, "ben")):
            await ask(socket, a="hs", id=name, protocol=PROTOCOL[0], protocolMinor=PROTOCOL[1])
        doc = {"a": "op", "c": "docs", "d": "d"}
        create = {"type": "json0", "data": {"text": "ab"}}
        await ask(ana, **doc, v=0, seq=1, create=create, src="ana")
        await ask(ana, **doc, v=1, seq=2, op=[{"p": ["text", 0], "si": "x"}], src="ana")
        await ask(ben, **doc, v=1, seq=1, op=[{"p": ["text", 2], "si": "y"}], src="ben")
        refused = await ask(ben, **doc, v=2, seq=2, op=[{"p": ["text", 0], "sd": "q"}], src="ben")
        assert "error" in refused
        await ask(ana, **doc, v=3, seq=3, op=[{"p": ["text", 4], "si": "z"}], src="ana")


async def test_ops_keep_the_version_they_were_made_for_and_refusals_are_repeated(
    store: Store, tmp_path: Path
) -> None:
    tape = tmp_path / "tape.jsonl"
    async with served(serving(store)) as url, recorded(url, tape) as front:
        await raw_session(front)
    [play] = plays_of_file(tape)
    assert [(act.author, act.base, act.version) for act in play.acts] == [
        ("ana", 0, 0),
        ("ana", 1, 1),
        ("ben", 1, 2),
        ("ben", 2, None),
        ("ana", 3, 3),
    ]
    assert play.end is not None
    assert play.end.data == {"text": "xabyz"}
    async with open_store("memory", tmp_path) as target:
        async with served(serving(target)) as url:
            player = await played(url, play)
        assert (player.problems, player.ops, player.refused) == ([], 5, 1)
        assert (await target.db.get_snapshot("docs", "d")).data == {"text": "xabyz"}


async def test_a_recording_that_begins_in_the_middle_starts_from_what_clients_fetched(
    store: Store, tmp_path: Path
) -> None:
    seen = await live_history(store, Random(11), 20)
    tape = tmp_path / "tape.jsonl"
    async with served(serving(store)) as url, recorded(url, tape) as front:
        clients = [connect(front) for _ in range(3)]
        await work(Random(12), clients, "d", 20, halves=store.keeps_halves)
    [play] = plays_of_file(tape)
    assert play.start.version == seen.last
    async with open_store("memory", tmp_path) as target:
        async with served(serving(target)) as url:
            assert (await played(url, play)).problems == []
        end = await target.db.get_snapshot("docs", "d")
        assert json_equal(end.data, (await store.db.get_snapshot("docs", "d")).data)


async def test_a_server_that_answers_otherwise_is_found_out(store: Store, tmp_path: Path) -> None:
    await live_history(store, Random(2), 20)
    backend = Backend()

    @backend.use("apply")
    def lose_the_third_version(request: Any) -> None:
        if request.op["v"] == 2:
            for key in ("op", "create", "del"):
                request.op.pop(key, None)

    play = await log_play(store)
    async with served(backend) as url:
        player = await played(url, play)
    assert player.problems
    assert player.problems[0].startswith("docs/d: ")


async def test_a_document_that_is_there_already_is_not_played_into(store: Store) -> None:
    await live_history(store, Random(1), 10)
    play = await log_play(store)
    async with served(serving(store)) as url:
        with pytest.raises(ShareDBError, match="docs/d is on the server already"):
            await played(url, play)


async def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(ShareDBError, match="is not to be reached"):
        await played("ws://127.0.0.1:9/channel", DocPlay("c", "d", empty_snapshot("d")))


async def test_ops_without_source_and_no_ops_are_played(store: Store, tmp_path: Path) -> None:
    ops: list[dict[str, Any]] = [
        {"v": 0, "create": {"type": "http://sharejs.org/types/JSONv0", "data": {"n": 1}}},
        {"v": 1, "m": {"ts": 5}},
        {"v": 2, "src": "a", "seq": 1, "op": [{"p": ["n"], "na": 1}], "m": {"ts": 6}},
        {"v": 3, "del": True},
        {"v": 4},
    ]
    play = play_of_log("docs", empty_snapshot("d"), ops)
    async with served(serving(store)) as url:
        player = await played(url, play)
    assert player.problems == []
    assert (await store.db.get_snapshot("docs", "d")).version == 5


def test_pauses_are_kept_cut_and_sped_up() -> None:
    at = timeline([1000, 3000, 3000, 63_000], speed=2, longest_pause=10)
    assert [at(1000), at(3000), at(63_000)] == [0, 1, 6]
    assert timeline([0, 9000], FAST, 10)(9000) == 0


async def test_a_recording_without_its_beginning_says_what_is_missing(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    async with open_store("memory", tmp_path) as store:
        async with served(serving(store)) as url, recorded(url, tape) as front:
            await raw_session(front)
    lines = tape.read_text().splitlines(True)
    acks = [number for number, line in enumerate(lines) if '\\"v\\":1' in line and "server" in line]
    tape.write_text("".join(line for number, line in enumerate(lines) if number not in acks))
    [play] = plays_of_file(tape)
    assert play.notes
    assert replace(play.start).version == 0
