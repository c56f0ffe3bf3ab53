"""How often Python looks for garbage that holds on to itself."""

from __future__ import annotations

import gc
from typing import Final

__all__ = ["collect_less_often"]

YOUNG: Final = 20_000
"""How many objects may come to be before the young ones are looked through; Python's own is 700."""

ROUNDS: Final = (20, 50)


def collect_less_often() -> None:
    """Let a process that serves spend its time on serving: call it once, when it has started.

    Documents and ops are trees and go when the last one lets go of them, so that hardly
    anything is ever found; yet each look at all of them takes longer the more there are.
    What was there at the start is not looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *ROUNDS)
