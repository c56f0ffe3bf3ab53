"""Recorded traffic as a play: who sends which op when, and what must come of it. Pure.

From an op log, each op is sent for the version it was committed at. From a recording
of a connection's frames, it is sent as its client sent it: for the version the client
knew, so that the server has to transform it as it did then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import MISSING, JSONObject, json_equal
from sharedb_py.ops import Op, apply_op, check_submitted_op, normalize_type, replay, transform_op
from sharedb_py.ot import DEFAULT_TYPE
from sharedb_py.replay.opinfo import time_of
from sharedb_py.snapshot import Snapshot, empty_snapshot

__all__ = [
    "BODY_KEYS",
    "Act",
    "DocPlay",
    "Frame",
    "play_of_log",
    "plays_of_recording",
    "timeline",
]

BODY_KEYS: Final[tuple[str, ...]] = ("op", "create", "del")


_NEAR: Final = 50
"""How many versions away from where it was answered an op may have been refused."""


@dataclass(frozen=True, slots=True)
class Act:
    """One op to send: ``base`` is the version it names, ``version`` the one it must get.

    ``version`` None is an op that was refused, and must be again. ``author`` names the
    connection; ``seq`` is the op's number on it, None where the log has none.
    """

    time: float
    author: str
    seq: int | None
    base: int | None
    body: Op
    version: int | None


@dataclass
class DocPlay:
    """The acts on one document, in order, from ``start`` to what must come of them, ``end``.

    Versions are the recording's; a server that begins with an empty document, or with
    ``start`` as its first op, is ``shift`` versions behind them. ``notes`` say
    what of the recording could not be used.
    """

    collection: str
    doc_id: str
    start: Snapshot
    acts: list[Act] = field(default_factory=list)
    end: Snapshot | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The document as people write it."""
        return f"{self.collection}/{self.doc_id}"

    @property
    def shift(self) -> int:
        """How far the recording's versions are ahead of the played ones."""
        return self.start.version - 1 if self.start.exists else self.start.version


def timeline(
    times: Iterable[float], speed: float, longest_pause: float
) -> Callable[[float], float]:
    """Return a function from recorded times (ms) to seconds since the play begins.

    Pauses longer than ``longest_pause`` seconds are cut to that; ``speed`` divides all.
    """
    at: dict[float, float] = {}
    elapsed, last = 0.0, None
    for time in sorted(set(times)):
        if last is not None:
            elapsed += min((time - last) / 1000, longest_pause)
        at[time] = elapsed / speed
        last = time
    return lambda time: at[time]


# From an op log


def _nothing(exists: bool) -> Op:
    """A no-op as a client can send it."""
    return {"op": []} if exists else {"del": True}


def play_of_log(
    collection: str, start: Snapshot, ops: Sequence[Op], end: Snapshot | None = None
) -> DocPlay:
    """Return the play of a document's ops; ``end`` is what is stored, else they are replayed."""
    play = DocPlay(collection, start.id, replace(start, meta=None, adapter=None))
    snapshot, time = start, 0.0
    for op in ops:
        time = time_of(op) or time
        body = _body(op) or _nothing(snapshot.exists)
        src, seq = op.get("src"), op.get("seq")
        play.acts.append(Act(time, src or "", seq if src else None, op["v"], body, op["v"]))
        snapshot = replay(snapshot, [op])
    play.end = end or snapshot
    return play


# From frames


@dataclass(frozen=True, slots=True)
class Frame:
    """One message that passed: on which connection, when, and whether the client sent it."""

    connection: int
    time: float
    from_client: bool
    message: JSONObject


@dataclass
class _Sent:
    """An op a client sent, and what became of it."""

    frame: Frame
    src: str
    committed: int | None = None
    committed_at: float = 0.0
    refused_at: float | None = None

    @property
    def settled(self) -> bool:
        return self.committed is not None or self.refused_at is not None


@dataclass
class _DocFrames:
    """What the frames tell of one document."""

    sent: dict[tuple[str, Any], _Sent] = field(default_factory=dict)
    seen: dict[int, tuple[float, JSONObject]] = field(default_factory=dict)
    snapshots: list[Snapshot] = field(default_factory=list)


class _Reading:
    """Sorts frames by document."""

    def __init__(self) -> None:
        self.docs: dict[tuple[str, str], _DocFrames] = {}
        self._sources: dict[int, str] = {}
        self._queries: dict[tuple[int, Any], str] = {}

    def _doc(self, collection: str, doc_id: str) -> _DocFrames:
        return self.docs.setdefault((collection, doc_id), _DocFrames())

    def take(self, frame: Frame) -> None:
        message = frame.message
        action = message.get("a")
        if frame.from_client:
            if action == "op":
                self._sent(frame)
            elif action in ("qf", "qs"):
                self._queries[frame.connection, message.get("id")] = message.get("c", "")
        elif action in ("init", "hs") and isinstance(message.get("id"), str):
            self._sources[frame.connection] = message["id"]
        elif action == "op":
            self._received(frame)
        elif "error" not in message:
            self._snapshots(frame)

    def _sent(self, frame: Frame) -> None:
        message = frame.message
        src = message.get("src") or self._sources.get(frame.connection, "")
        doc = self._doc(message["c"], message["d"])
        # Sent again after a reconnect, it is the same op.
        doc.sent.setdefault((src, message.get("seq")), _Sent(frame, src))

    def _received(self, frame: Frame) -> None:
        message = frame.message
        doc = self._doc(message["c"], message["d"])
        src = message.get("src") or self._sources.get(frame.connection, "")
        own = doc.sent.get((src, message.get("seq")))
        if "error" in message:
            if own is not None and not own.settled:
                own.refused_at = frame.time
        elif any(key in message for key in BODY_KEYS):
            doc.seen.setdefault(message["v"], (frame.time, message))
        elif own is not None and "v" in message:
            own.committed, own.committed_at = message["v"], frame.time

    def _snapshots(self, frame: Frame) -> None:
        message = frame.message
        action, data = message.get("a"), message.get("data")
        if action in ("f", "s") and isinstance(data, dict) and "v" in data:
            self._snapshot(message["c"], message["d"], data)
        elif action in ("bf", "bs") and isinstance(data, dict):
            for doc_id, payload in data.items():
                self._snapshot(message["c"], doc_id, payload)
        elif action in ("qf", "qs") and isinstance(data, list):
            collection = self._queries.get((frame.connection, message.get("id")))
            for payload in data if collection is not None else ():
                self._snapshot(str(collection), payload.get("d"), payload)

    def _snapshot(self, collection: str, doc_id: Any, payload: Any) -> None:
        if not isinstance(doc_id, str) or not isinstance(payload, dict) or "v" not in payload:
            return
        type_uri = payload.get("type", DEFAULT_TYPE.uri)
        data = payload.get("data", MISSING) if type_uri is not None else MISSING
        snapshot = Snapshot(doc_id, payload["v"], type_uri, data)
        self._doc(collection, doc_id).snapshots.append(snapshot)


def plays_of_recording(frames: Iterable[Frame]) -> list[DocPlay]:
    """Return the plays of all documents that ops were sent to."""
    reading = _Reading()
    for frame in frames:
        reading.take(frame)
    return [
        _play_of_frames(collection, doc_id, doc)
        for (collection, doc_id), doc in reading.docs.items()
        if doc.sent
    ]


def _body(message: JSONObject) -> Op:
    return {key: message[key] for key in BODY_KEYS if key in message}


def _committed_acts(doc: _DocFrames) -> tuple[list[Act], dict[int, float]]:
    """Return what was committed, in order, and when each version was told to somebody."""
    acts: dict[int, Act] = {}
    told: dict[int, float] = {}
    for sent in doc.sent.values():
        if sent.committed is not None:
            message = sent.frame.message
            acts[sent.committed] = Act(
                sent.frame.time,
                sent.src,
                message.get("seq"),
                message.get("v"),
                _body(message),
                sent.committed,
            )
            told[sent.committed] = sent.committed_at
    for version, (time, message) in doc.seen.items():
        if version not in acts:
            # Somebody whose connection was not recorded.
            src, seq = message.get("src") or "", message.get("seq")
            acts[version] = Act(time, src, seq, version, _body(message), version)
            told[version] = time
    return [acts[version] for version in sorted(acts)], told


def _start(doc_id: str, doc: _DocFrames, acts: Sequence[Act]) -> Snapshot:
    """Return the newest state that is older than every op, or else the oldest one known."""
    lowest = min(
        act.version if act.base is None else act.base for act in acts if act.version is not None
    )
    if lowest == 0:
        return empty_snapshot(doc_id)
    known = sorted(doc.snapshots, key=lambda snapshot: snapshot.version)
    before = [snapshot for snapshot in known if snapshot.version <= lowest]
    if before:
        return before[-1]
    if known:
        return known[0]
    raise ShareDBError("its state before the first op is nowhere in the recording")


def _play_of_frames(collection: str, doc_id: str, doc: _DocFrames) -> DocPlay:
    play = DocPlay(collection, doc_id, empty_snapshot(doc_id))
    unanswered = sum(not sent.settled for sent in doc.sent.values())
    if unanswered:
        were = "op was" if unanswered == 1 else "ops were"
        play.notes.append(f"{unanswered} {were} not answered before the recording ended")
    acts, told = _committed_acts(doc)
    if not acts:
        return play
    try:
        play.start = _start(doc_id, doc, acts)
    except ShareDBError as error:
        play.notes.append(error.message)
        return play
    states, log = _follow(play, doc, acts)
    play.end = states[-1]
    _add_refused(play, doc, states, log, told)
    return play


def _follow(
    play: DocPlay, doc: _DocFrames, acts: Sequence[Act]
) -> tuple[list[Snapshot], dict[int, Op]]:
    """Add what was committed; return the states from the start on, and the ops between them."""
    states, log = [play.start], dict[int, Op]()
    for act in acts:
        snapshot = states[-1]
        if act.version is None or act.version < snapshot.version:
            continue
        if act.version > snapshot.version:
            play.notes.append(f"version {snapshot.version} is nowhere in the recording")
            break
        if act.base is not None and act.base < play.start.version:
            if act.version not in doc.seen:
                play.notes.append(f"op {act.version} was made for a version before the recording")
                break
            act = replace(act, base=act.version, body=_body(doc.seen[act.version][1]))
        op = _committed(play, doc, act, snapshot, log)
        log[snapshot.version] = op
        states.append(replay(snapshot, [op]))
        play.acts.append(act)
    return states, log


def _add_refused(
    play: DocPlay,
    doc: _DocFrames,
    states: Sequence[Snapshot],
    log: dict[int, Op],
    told: dict[int, float],
) -> None:
    """Put each op that was refused between the others, where it has to be refused.

    Answers of several connections do not come in the order in which the server decided: the
    version at which an op cannot be committed that is nearest to the one last told is taken.
    """
    first, last = play.start.version, states[-1].version
    places: dict[int, list[Act]] = {}
    lost = 0
    for sent in doc.sent.values():
        if sent.committed is not None or sent.refused_at is None:
            continue
        message = sent.frame.message
        base = message.get("v")
        act = Act(sent.frame.time, sent.src, message.get("seq"), base, _body(message), None)
        before = [version + 1 for version, time in told.items() if time <= sent.refused_at]
        near = max(before, default=first)
        lowest = first if base is None else base
        possible = range(max(lowest, near - _NEAR), min(last, near + _NEAR) + 1)
        refusing = [
            version
            for version in sorted(possible, key=lambda version: abs(version - near))
            if lowest >= first and _is_refused(act, states[version - first], log)
        ]
        if refusing:
            places.setdefault(refusing[0], []).append(act)
        else:
            lost += 1
    if lost:
        play.notes.append(
            f"{lost} {'op was' if lost == 1 else 'ops were'} refused for other reasons than "
            "what they do, and left out"
        )
    acts = []
    for act in play.acts:
        acts += places.pop(act.version or 0, [])
        acts.append(act)
    play.acts = acts + places.pop(last, [])


def _is_refused(act: Act, snapshot: Snapshot, log: dict[int, Op]) -> bool:
    """Whether a server cannot commit an op at a version."""
    op: Op = {**act.body, "v": snapshot.version if act.base is None else act.base}
    try:
        for version in range(op["v"], snapshot.version):
            transform_op(snapshot, op, log[version])
        check_submitted_op(op, snapshot)
        apply_op(snapshot, op)
    except ShareDBError:
        return True
    return False


def _committed(
    play: DocPlay, doc: _DocFrames, act: Act, snapshot: Snapshot, log: dict[int, Op]
) -> Op:
    """Return an op as the server must have committed it; it is noted if others saw another."""
    op: Op = {**act.body, "v": act.version if act.base is None else act.base}
    if "create" in op:
        op["create"] = dict(op["create"])
        normalize_type(op)
    for version in range(op["v"], snapshot.version):
        transform_op(snapshot, op, log[version])
    seen = doc.seen.get(snapshot.version)
    if seen is not None and not json_equal(_body(seen[1]), _body(op)):
        play.notes.append(
            f"the server sent op {snapshot.version} otherwise than it should read when transformed"
        )
        op = {**_body(seen[1]), "v": snapshot.version}
    return op
