"""Versioned ops: what is stored, published and transformed (protocol section 3)."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Op"]

Op: TypeAlias = dict[str, Any]
"""One versioned change of a document, as it is stored and published.

Keys: ``v`` (the version it applies to), ``src`` and ``seq`` (who made it, set
together), one of ``op`` (an edit), ``create`` (``{"type": URI, "data": …}``) and
``del`` (true), or none of them (a no-op, which still takes a version), ``m``
(metadata: ``ts`` in ms since the epoch, and what middleware added; never sent to
clients), and any other top-level key middleware adds, which survives storage and
publishing. A committed op is immutable: copy it before you change it.
"""
