"""A client's own ops that are not acknowledged, and how they go past others. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sharedb_py.client.changes import Done
from sharedb_py.errors import ErrorCode, OpRejected, ShareDBError
from sharedb_py.jsonvalue import MISSING
from sharedb_py.ops import Op
from sharedb_py.ot import Composable, OTType, types

__all__ = ["Edit", "body", "pass_each_other", "try_compose"]

BODY_KEYS = ("op", "create", "del")


def body(op: Op) -> Op:
    """Return what an op does: ``op``, ``create`` or ``del``, or nothing for a no-op."""
    return {key: op[key] for key in BODY_KEYS if key in op}


@dataclass
class Edit:
    """One op of our own; ``src`` and ``seq`` are set when it is first sent."""

    body: Op
    dones: list[Done] = field(default_factory=list)
    src: str | None = None
    seq: int | None = None

    def finish(self, error: ShareDBError | None) -> None:
        """Tell those who wait for the op."""
        dones, self.dones = self.dones, []
        for done in dones:
            done(error)


def try_compose(ot_type: OTType | None, last: Edit, addition: Op) -> bool:
    """Merge an op into the one before it, which was never sent; False if they stay apart."""
    if "op" not in addition or ot_type is None:
        return False
    if "create" in last.body:
        create = last.body["create"]
        data = ot_type.apply(ot_type.create(create.get("data", MISSING)), addition["op"])
        last.body = {"create": {**create, "data": data}}
        return True
    if "op" in last.body and isinstance(ot_type, Composable):
        last.body = {"op": ot_type.compose(last.body["op"], addition["op"])}
        return True
    return False


def pass_each_other(type_uri: str | None, own: Op, remote: Op) -> tuple[Op, Op]:
    """Return our op as it reads after the remote one, and the remote one as it reads after ours.

    Ours is left, as it will be when the server transforms it (protocol 11.4).
    Raises ``OpRejected`` where the server will refuse ours.
    """
    if "del" in own or not body(remote):
        return own, {} if "del" in own else remote
    if "del" in remote:
        raise OpRejected("Document was deleted", ErrorCode.DOC_WAS_DELETED)
    if "create" in remote or "create" in own:
        raise OpRejected("Document was created remotely", ErrorCode.DOC_ALREADY_CREATED)
    if "op" not in own:
        return own, remote
    ot_type = types.get(type_uri) if type_uri is not None else None
    if ot_type is None:
        raise ShareDBError("Unknown type", ErrorCode.DOC_TYPE_NOT_RECOGNIZED)
    ours: Any = ot_type.transform(own["op"], remote["op"], "left")
    theirs: Any = ot_type.transform(remote["op"], own["op"], "right")
    return {"op": ours}, {**remote, "op": theirs}
