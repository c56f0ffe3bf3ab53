"""Logs for people or for machines, without secrets."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal

__all__ = ["JSONFormatter", "LogFormat", "Redacting", "set_up"]

LogFormat = Literal["text", "json"]
_TOKEN: Final = re.compile(r"(?i)((?:token|password|_xsrf)(?:=|\s+|%3D))[^\s&\"',;)]+")


class Redacting(logging.Formatter):
    """Writes what another formatter does, but for secrets: those given, and what looks like one."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's text without secrets."""
        text = self._inner.format(record)
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return _TOKEN.sub(r"\1…", text)


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
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def set_up(level: str, kind: LogFormat, secrets: Iterable[str]) -> None:
    """Send all logs to stderr."""
    text = logging.Formatter("%(levelname)s %(name)s: %(message)s")
    handler = logging.StreamHandler()
    handler.setFormatter(Redacting(JSONFormatter() if kind == "json" else text, secrets))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "websockets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
