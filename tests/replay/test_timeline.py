"""Several documents' ops in one order, and what is asked of it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sharedb_py.replay.overview import overview
from sharedb_py.replay.timeline import PAUSE, DocKey, Record, Timeline

A: DocKey = ("cells", "a")
B: DocKey = ("cells", "b")
BACKGROUND = 256


def records(draw: Any) -> list[Record]:
    """Draw ops of a few documents, with clocks that stand still, jump and go backwards."""
    versions = {A: draw(st.integers(0, 3)), B: 0}
    made = []
    for _ in range(draw(st.integers(0, 20))):
        key = draw(st.sampled_from([A, B]))
        time = draw(st.one_of(st.none(), st.integers(0, 20_000)))
        author = draw(st.sampled_from(["ann", "ben"]))
        kind = draw(st.sampled_from([1, 2, BACKGROUND, BACKGROUND | 1]))
        made.append(Record(key, versions[key], time, author, kind))
        versions[key] += 1
    return made


some_records = st.composite(records)()


@given(some_records)
def test_a_documents_ops_keep_their_order_and_times_never_go_back(made: list[Record]) -> None:
    timeline = Timeline()
    timeline.extend(made)
    entries = timeline.entries(0, len(timeline))
    assert [entry.time for entry in entries] == sorted(entry.time for entry in entries)
    for key in (A, B):
        versions = [record.version for record in made if record.key == key]
        assert [entry.version for entry in timeline.of_doc(key)] == versions
        assert [entry.version for entry in entries if entry.key == key] == versions
        assert timeline.reached(key) == (versions[-1] + 1 if versions else 0)


@given(some_records, st.integers(0, 20))
def test_a_line_that_grew_is_the_one_made_at_once(made: list[Record], cut: int) -> None:
    whole, grown = Timeline(BACKGROUND), Timeline(BACKGROUND)
    whole.extend(made)
    grown.extend(made[:cut])
    before = grown.entries(0, len(grown))
    changed = grown.extend(made[cut:])
    assert grown.entries(0, len(grown)) == whole.entries(0, len(whole))
    for old, new in zip(before[:changed], grown.entries(0, changed), strict=True):
        assert (old.key, old.version) == (new.key, new.version)


@given(some_records)
def test_versions_at_a_position_count_the_ops_before_it(made: list[Record]) -> None:
    timeline = Timeline()
    timeline.extend(made)
    first = {record.key: record.version for record in reversed(made)}
    entries = timeline.entries(0, len(timeline))
    for position in range(len(timeline) + 1):
        expected = dict(first)
        for entry in entries[:position]:
            expected[entry.key] = entry.version + 1
        assert timeline.versions_at(position) == expected
    for entry in entries:
        assert timeline.position_of(entry.key, entry.version) == entry.position


@given(some_records)
def test_bursts_are_what_one_author_did_to_a_document_without_a_pause(made: list[Record]) -> None:
    timeline = Timeline(BACKGROUND)
    timeline.extend(made)
    entries = timeline.entries(0, len(timeline))
    for entry in entries:
        if entry.kind == BACKGROUND:
            assert not entry.ends_burst
            continue
        group = [
            other
            for other in entries
            if (other.key, other.author) == (entry.key, entry.author) and other.kind != BACKGROUND
        ]
        at = group.index(entry)
        goes_on = at + 1 < len(group) and group[at + 1].time - entry.time <= PAUSE
        assert entry.ends_burst == (not goes_on)
        follows = at > 0 and entry.time - group[at - 1].time <= PAUSE
        assert entry.start == (group[at - 1].start if follows else entry.position)


@given(some_records)
def test_steps_forward_and_back_meet_every_end_of_a_burst(made: list[Record]) -> None:
    timeline = Timeline(BACKGROUND)
    timeline.extend(made)
    ends = [entry.position + 1 for entry in timeline.entries(0, len(timeline)) if entry.ends_burst]
    forward, at = [], timeline.next_end(0)
    while at is not None:
        forward.append(at)
        at = timeline.next_end(at)
    back, at = [], timeline.next_end(len(timeline) + 1, forward=False)
    while at is not None:
        back.append(at)
        at = timeline.next_end(at, forward=False)
    assert forward == ends == back[::-1]


@given(some_records, st.integers(1, 12))
def test_an_overview_has_every_op_in_one_slice(made: list[Record], count: int) -> None:
    timeline = Timeline()
    timeline.extend(made)
    slices = overview(timeline, count)
    assert len(slices) == (count if made else 0)
    ends = [bucket.position for bucket in slices[1:]] + [len(timeline)]
    for bucket, end in zip(slices, ends, strict=bool(made)):
        inside = timeline.entries(bucket.position, end)
        assert sum(bucket.counts.values()) == len(inside) == end - bucket.position
        for number, author in enumerate(timeline.authors):
            found = sum(entry.author == author for entry in inside)
            assert bucket.counts.get(number, 0) == found


def test_idle_time_is_cut_short_in_an_overview() -> None:
    timeline = Timeline()
    week = 7 * 86_400_000.0
    times = [*range(0, 10_000, 100), *(week + at for at in range(0, 10_000, 100))]
    timeline.extend(Record(A, version, time, "ann") for version, time in enumerate(times))
    busy = sum(bool(bucket.counts) for bucket in overview(timeline, 100))
    assert busy > 75


def test_ops_are_stepped_through_by_author_and_by_document() -> None:
    timeline = Timeline()
    made = [(A, "ann"), (B, "ben"), (A, "ben"), (B, "ann"), (A, "ann")]
    versions = {A: 0, B: 0}
    for number, (key, author) in enumerate(made):
        timeline.extend([Record(key, versions[key], number * 10_000.0, author)])
        versions[key] += 1
    assert timeline.next_end(1, author="ann") == 4
    assert timeline.next_end(4, author="ann", forward=False) == 1
    assert timeline.next_end(1, key=A) == 3
    assert timeline.next_end(0, author="nobody") is None
    assert timeline.span(10_000, 30_000) == (1, 3)
    assert timeline.position_at(20_000) == 3
