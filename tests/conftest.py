"""What the tests need and may not find: a skip is a failure where the service is required."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure; in CI, hypothesis sees to that itself.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if "CI" not in os.environ:
    settings.load_profile("patient")

# In asyncio's debug mode, which ``-X dev`` turns on, each future, task and handle takes a traceback
# of the whole stack: half of what busy tests cost. The loop's own checks (calls from another
# thread, slow callbacks, coroutines nobody awaited) ask another place, and stay.
# PYTHONASYNCIODEBUG=1 gives the tracebacks back to who looks for where a future came from.
if not os.environ.get("PYTHONASYNCIODEBUG"):
    asyncio.BaseEventLoop.get_debug = lambda self: False  # type: ignore[method-assign]

REQUIRED = {name for name in os.environ.get("SHAREDB_TEST_REQUIRE", "").split(",") if name}
"""Markers whose tests may not be skipped; ``all`` forbids every skip."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Turn the skip of a test that is required here into a failure that says so."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    names = {mark.name for mark in item.iter_markers()}
    if report.skipped and not hasattr(report, "wasxfail") and REQUIRED & {"all", *names}:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must run here (SHAREDB_TEST_REQUIRE): {reason}"
    return report  # type: ignore[return-value]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests had to say: the seeds and the figures of random runs."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for name, text in report.user_properties:
                    if name == "announced":
                        terminalreporter.write_line(f"{report.nodeid}: {text}")
