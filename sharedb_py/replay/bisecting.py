"""The search for the first version at which something holds, without I/O."""

from __future__ import annotations

__all__ = ["Bisection"]


class Bisection:
    """Halves the versions between one where it does not hold and one where it does.

    Ask for :attr:`probe`, look there, and :meth:`answer`, until :attr:`found` is
    set. What is found holds, and at the version before it does not hold, whatever
    lies elsewhere; if it keeps holding once it does, it is the first.
    """

    def __init__(self, good: int, bad: int) -> None:
        if good >= bad:
            raise ValueError("the good version must be before the bad one")
        self.good = good
        self.bad = bad
        self.probes = 0

    @property
    def found(self) -> int | None:
        """The version that was looked for, once it is known."""
        return self.bad if self.bad - self.good == 1 else None

    @property
    def probe(self) -> int:
        """The version to look at next."""
        return (self.good + self.bad) // 2

    def answer(self, holds: bool) -> None:
        """Tell whether it holds at :attr:`probe`."""
        self.probes += 1
        if holds:
            self.bad = self.probe
        else:
            self.good = self.probe
