"""Logs for people or for machines, without secrets."""

from __future__ import annotations

import copy
import json
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal

__all__ = ["JSONFormatter", "LogFormat", "Redacting", "redact", "set_up"]

LogFormat = Literal["text", "json"]
_HEADER: Final = re.compile(r"(?im)\b((?:set-)?cookie|authorization)(\b[\"']?\s*[:=]\s*).*$")
_TOKEN: Final = re.compile(
    r"""(?ix) ( (?: token | bearer | password | _xsrf ) (?: = | %3D | ["']?\s*:\s*["']? | \s+ ) )
    [^\s&"',;)]+ """
)


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets: those given, and what looks like one."""
    for secret in secrets:
        text = text.replace(secret, "…")
    return _TOKEN.sub(r"\1…", _HEADER.sub(r"\1\2…", text))


class Redacting(logging.Formatter):
    """Writes what another formatter does, but for secrets."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's text without secrets."""
        clean = copy.copy(record)
        clean.msg, clean.args = redact(record.getMessage(), self._secrets), None
        if record.exc_info:
            clean.exc_text = redact(self.formatException(record.exc_info), self._secrets)
        return self._inner.format(clean)


class JSONFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def set_up(level: str, kind: LogFormat, secrets: Iterable[str]) -> None:
    """Send all logs to stderr."""
    text = logging.Formatter("%(levelname)s %(name)s: %(message)s")
    handler = logging.StreamHandler()
    handler.setFormatter(Redacting(JSONFormatter() if kind == "json" else text, secrets))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "websockets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
