"""Conditions on a document, written in Python or in JMESPath."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from sharedb_py.errors import ShareDBError
from sharedb_py.jsonvalue import MISSING, copy_json
from sharedb_py.snapshot import Snapshot

__all__ = ["Language", "NotEvaluated", "Predicate", "compile_predicate"]

Language: TypeAlias = Literal["python", "jmespath"]
Predicate: TypeAlias = Callable[[Snapshot], bool]


class NotEvaluated(ShareDBError):
    """A condition raised an error at a version, such as for a key that is not there."""


def compile_predicate(text: str, language: Language = "python") -> Predicate:
    """Return a function of a snapshot; raises ``ShareDBError`` for what is no expression.

    Python sees ``data`` (None where no document exists), ``version``, ``exists`` and
    ``type``; JMESPath looks into the data. The result's truth counts. What
    the function raises is ``NotEvaluated``.
    """
    return _python(text) if language == "python" else _jmespath(text)


def _python(text: str) -> Predicate:
    try:
        code = compile(text, "<expression>", "eval")
    except (SyntaxError, ValueError) as error:
        raise ShareDBError(f"{text!r} is no Python expression: {error}") from None

    def holds(snapshot: Snapshot) -> bool:
        names = {
            # A copy: an expression that changes what it looks at must not change the next answer.
            "data": None if snapshot.data is MISSING else copy_json(snapshot.data),
            "version": snapshot.version,
            "exists": snapshot.exists,
            "type": snapshot.type_uri,
        }
        try:
            return bool(eval(code, names))
        except Exception as error:
            raise NotEvaluated(
                f"{text!r} cannot be told at version {snapshot.version}: "
                f"{type(error).__name__}: {error}"
            ) from error

    return holds


def _jmespath(text: str) -> Predicate:
    try:
        import jmespath
        from jmespath.exceptions import JMESPathError
    except ImportError:
        raise ShareDBError(
            "JMESPath is not installed: pip install 'sharedb-py[jmespath]'"
        ) from None
    try:
        compiled = jmespath.compile(text)
    except JMESPathError as error:
        reason = " ".join(str(error).split())
        raise ShareDBError(f"{text!r} is no JMESPath expression: {reason}") from None

    def holds(snapshot: Snapshot) -> bool:
        data: Any = None if snapshot.data is MISSING else snapshot.data
        try:
            return bool(compiled.search(data))
        except JMESPathError as error:
            raise NotEvaluated(
                f"{text!r} cannot be told at version {snapshot.version}: {error}"
            ) from error

    return holds
