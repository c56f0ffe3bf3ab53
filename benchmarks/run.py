"""Compares ``sharedb-py serve`` with npm sharedb in one run: ``python benchmarks/run.py``.

Both keep documents in memory and serve the same load, by turns; what counts is
the ratio. Prints acknowledged ops and messages received a second (medians), the
ratio of the medians, and the lowest and highest ratio of a pair of turns.

With ``--cpu``, a second is one of the server's processor time: other work on the
machine then hardly counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.bare_servers import processor_seconds, server  # noqa: E402
from tests.running import free_port  # noqa: E402

SCENARIOS = ("own", "shared", "fanout", "queries")


def measure(
    name: str, db: str, scenario: str, seconds: float, folder: Path, cpu: bool
) -> dict[str, float]:
    """Return what one server did under one load, a second."""
    port = free_port()
    with server(name, db, port, folder) as program:
        before = processor_seconds(program.pid) if cpu else 0.0
        ended = subprocess.run(
            ["node", HERE / "load.js", f"ws://127.0.0.1:{port}/", scenario, str(seconds)],
            check=True,
            capture_output=True,
            text=True,
        )
        taken = processor_seconds(program.pid) - before if cpu else seconds
    figures: dict[str, float] = json.loads(ended.stdout)
    return {key: figure * seconds / taken for key, figure in figures.items()}


def main() -> None:
    """Run the rounds and print a line for each scenario."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--db", default="memory:", help="our database; Node's is in memory")
    parser.add_argument("--cpu", action="store_true", help="count seconds of processor time")
    parser.add_argument("scenarios", nargs="*", help=f"of {SCENARIOS}; all")
    options = parser.parse_args()
    print(f"{'scenario':10}{'figure':10}{'ours/s':>10}{'node/s':>10}{'ratio':>8}   lowest-highest")
    with tempfile.TemporaryDirectory() as folder:
        for scenario in options.scenarios or SCENARIOS:
            pairs = [
                tuple(
                    measure(
                        *(name, options.db, scenario, options.seconds, Path(folder)), options.cpu
                    )
                    for name in ("python", "node")
                )
                for _ in range(options.rounds)
            ]
            for figure in ("acks", "received"):
                ours, theirs = ([turn[i][figure] for turn in pairs] for i in (0, 1))
                if not max(ours):
                    continue
                ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
                a, b = statistics.median(ours), statistics.median(theirs)
                print(
                    f"{scenario:10}{figure:10}{a:10.0f}{b:10.0f}{a / b:8.2f}"
                    f"   {min(ratios):.2f}-{max(ratios):.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
