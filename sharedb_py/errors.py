"""The errors this package raises, and ShareDB's codes for them.

``ShareDBError``
├── ``MessageBadlyFormed``   a message breaks a rule of protocol section 2.2
├── ``OpBadlyFormed``        an op breaks a static rule (3.2, 11.7)
├── ``OpNotApplied``         the type refused to apply an op
├── ``OpAlreadySubmitted``   the op is in the log already; becomes an acknowledgement
├── ``OpRejected``           the op cannot be committed: the rest of section 3
├── ``ReadRejected``         a snapshot may not be read (section 8)
├── ``QueryError``           a query is malformed or not permitted
└── ``DatabaseError``        an adapter failed

Codes travel on the wire and are compared by clients; messages are for people.
"""

from __future__ import annotations

from typing import ClassVar, Final

__all__ = [
    "DatabaseError",
    "ErrorCode",
    "MessageBadlyFormed",
    "OpAlreadySubmitted",
    "OpBadlyFormed",
    "OpNotApplied",
    "OpRejected",
    "QueryError",
    "ReadRejected",
    "ShareDBError",
]


class ErrorCode:
    """ShareDB's error codes (protocol section 9), as constants.

    A code is a plain string, or a number where an adapter has its own
    numbering (``sharedb-mongo``: 4101 and on).
    """

    APPLY_OP_VERSION_DOES_NOT_MATCH_SNAPSHOT: Final = "ERR_APPLY_OP_VERSION_DOES_NOT_MATCH_SNAPSHOT"
    APPLY_SNAPSHOT_NOT_PROVIDED: Final = "ERR_APPLY_SNAPSHOT_NOT_PROVIDED"
    CANNOT_FIXUP_DELETION: Final = "ERR_CANNOT_FIXUP_DELETION"
    CONNECTION_SEQ_INTEGER_OVERFLOW: Final = "ERR_CONNECTION_SEQ_INTEGER_OVERFLOW"
    DATABASE_ADAPTER_NOT_FOUND: Final = "ERR_DATABASE_ADAPTER_NOT_FOUND"
    DATABASE_DOES_NOT_SUPPORT_SUBSCRIBE: Final = "ERR_DATABASE_DOES_NOT_SUPPORT_SUBSCRIBE"
    DATABASE_METHOD_NOT_IMPLEMENTED: Final = "ERR_DATABASE_METHOD_NOT_IMPLEMENTED"
    DOC_ALREADY_CREATED: Final = "ERR_DOC_ALREADY_CREATED"
    DOC_DOES_NOT_EXIST: Final = "ERR_DOC_DOES_NOT_EXIST"
    DOC_TYPE_NOT_RECOGNIZED: Final = "ERR_DOC_TYPE_NOT_RECOGNIZED"
    DOC_WAS_DELETED: Final = "ERR_DOC_WAS_DELETED"
    FIXUP_IS_ONLY_VALID_ON_APPLY: Final = "ERR_FIXUP_IS_ONLY_VALID_ON_APPLY"
    MAX_SUBMIT_RETRIES_EXCEEDED: Final = "ERR_MAX_SUBMIT_RETRIES_EXCEEDED"
    MESSAGE_BADLY_FORMED: Final = "ERR_MESSAGE_BADLY_FORMED"
    MILESTONE_ARGUMENT_INVALID: Final = "ERR_MILESTONE_ARGUMENT_INVALID"
    NO_OP: Final = "ERR_NO_OP"
    OP_ALREADY_SUBMITTED: Final = "ERR_OP_ALREADY_SUBMITTED"
    OP_NOT_ALLOWED_IN_PROJECTION: Final = "ERR_OP_NOT_ALLOWED_IN_PROJECTION"
    OP_SUBMIT_REJECTED: Final = "ERR_OP_SUBMIT_REJECTED"
    OP_VERSION_MISMATCH_AFTER_TRANSFORM: Final = "ERR_OP_VERSION_MISMATCH_AFTER_TRANSFORM"
    OP_VERSION_MISMATCH_DURING_TRANSFORM: Final = "ERR_OP_VERSION_MISMATCH_DURING_TRANSFORM"
    OP_VERSION_NEWER_THAN_CURRENT_SNAPSHOT: Final = "ERR_OP_VERSION_NEWER_THAN_CURRENT_SNAPSHOT"
    OT_LEGACY_JSON0_OP_CANNOT_BE_NORMALIZED: Final = "ERR_OT_LEGACY_JSON0_OP_CANNOT_BE_NORMALIZED"
    OT_OP_BADLY_FORMED: Final = "ERR_OT_OP_BADLY_FORMED"
    OT_OP_NOT_APPLIED: Final = "ERR_OT_OP_NOT_APPLIED"
    OT_OP_NOT_PROVIDED: Final = "ERR_OT_OP_NOT_PROVIDED"
    PRESENCE_TRANSFORM_FAILED: Final = "ERR_PRESENCE_TRANSFORM_FAILED"
    PROTOCOL_VERSION_NOT_SUPPORTED: Final = "ERR_PROTOCOL_VERSION_NOT_SUPPORTED"
    QUERY_CHANNEL_MISSING: Final = "ERR_QUERY_CHANNEL_MISSING"
    SNAPSHOT_READS_REJECTED: Final = "ERR_SNAPSHOT_READS_REJECTED"
    SNAPSHOT_READ_SILENT_REJECTION: Final = "ERR_SNAPSHOT_READ_SILENT_REJECTION"
    SUBMIT_TRANSFORM_OPS_NOT_FOUND: Final = "ERR_SUBMIT_TRANSFORM_OPS_NOT_FOUND"
    TYPE_CANNOT_BE_PROJECTED: Final = "ERR_TYPE_CANNOT_BE_PROJECTED"
    TYPE_DOES_NOT_SUPPORT_COMPOSE: Final = "ERR_TYPE_DOES_NOT_SUPPORT_COMPOSE"
    TYPE_DOES_NOT_SUPPORT_PRESENCE: Final = "ERR_TYPE_DOES_NOT_SUPPORT_PRESENCE"
    UNKNOWN_ERROR: Final = "ERR_UNKNOWN_ERROR"


class ShareDBError(Exception):
    """An error with a code that clients understand.

    ``code`` is what goes on the wire: one of :class:`ErrorCode`, an adapter's
    number, or None for an error without one. ``message`` is the text beside it.
    """

    default_code: ClassVar[str | int | None] = None

    def __init__(self, message: str, code: str | int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = self.default_code if code is None else code

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, code={self.code!r})"


class MessageBadlyFormed(ShareDBError):
    """A message breaks a rule of protocol section 2.2; nothing was done."""

    default_code = ErrorCode.MESSAGE_BADLY_FORMED


class OpBadlyFormed(ShareDBError):
    """An op breaks a rule that needs no snapshot to check (sections 3.2, 11.7)."""

    default_code = ErrorCode.OT_OP_BADLY_FORMED


class OpNotApplied(ShareDBError):
    """A type could not apply, transform or compose an op; nothing was changed."""

    default_code = ErrorCode.OT_OP_NOT_APPLIED


class OpAlreadySubmitted(ShareDBError):
    """The op's (src, seq) is in the log: a resend. It is acknowledged, not refused."""

    default_code = ErrorCode.OP_ALREADY_SUBMITTED


class OpRejected(ShareDBError):
    """An op cannot be committed in the state the document is in (section 3)."""

    default_code = ErrorCode.OP_SUBMIT_REJECTED


class ReadRejected(ShareDBError):
    """Middleware refused to let a snapshot be read (section 8)."""

    default_code = ErrorCode.SNAPSHOT_READS_REJECTED


class QueryError(ShareDBError):
    """A query is malformed or asks for something the database does not permit."""


class DatabaseError(ShareDBError):
    """An adapter failed; whether the write happened is unknown unless it says so."""
