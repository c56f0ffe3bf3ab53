"""The ``sharedb-py`` command: one module a subcommand."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

from sharedb_py.cli import (
    bisect,
    blame,
    compact,
    diff,
    export,
    log,
    play,
    purge,
    record,
    serve,
    show,
    verify,
)
from sharedb_py.cli.parsing import CommandParser
from sharedb_py.errors import ShareDBError

__all__ = ["main"]

COMMANDS = (
    serve,
    log,
    show,
    diff,
    blame,
    bisect,
    verify,
    export,
    record,
    play,
    compact,
    purge,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits with status 1 and one line for what can be mended."""
    parser = CommandParser(prog="sharedb-py", description="ShareDB for Python.")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=CommandParser
    )
    for command in COMMANDS:
        command.add_command(commands)
    options = parser.parse_args(arguments)
    level = getattr(options, "log_level", "warning")
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(message)s")
    try:
        options.run(options)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ShareDBError as error:
        sys.exit(f"sharedb-py: {error.message}")
