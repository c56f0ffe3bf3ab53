"""The ``sharedb-py`` command: one module a subcommand."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from sharedb_py.cli import serve
from sharedb_py.errors import ShareDBError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits with status 1 and one line for what can be mended."""
    parser = argparse.ArgumentParser(prog="sharedb-py", description="ShareDB for Python.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve.add_command(commands)
    options = parser.parse_args(arguments)
    level = getattr(options, "log_level", "warning")
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(message)s")
    try:
        options.run(options)
    except KeyboardInterrupt:
        pass
    except ShareDBError as error:
        sys.exit(f"sharedb-py: {error.message}")
