"""Parsers whose help reads like a manual page, and whose errors are one line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from sharedb_py.cli.settings import setting

__all__ = ["CommandParser", "add_command_parser", "add_db_option", "add_output_options", "count"]

USAGE_ERROR = 2
WIDTH = 88


class ManFormatter(argparse.RawDescriptionHelpFormatter):
    """Lays options out under headings in capitals."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, indent_increment=4, max_help_position=30, width=WIDTH)

    def start_section(self, heading: str | None) -> None:
        """Begin a section: ``OPTIONS`` rather than ``options:``."""
        super().start_section(heading)
        self._current_section.heading = heading and heading.upper()

    def format_help(self) -> str:
        """Return the text, without the colons after headings."""
        lines = super().format_help().split("\n")
        return "\n".join(
            line[:-1] if line.endswith(":") and line[:-1].isupper() else line for line in lines
        )


class CommandParser(argparse.ArgumentParser):
    """A parser of one subcommand; ``manual`` is what its help shows above the options."""

    manual: str | None = None

    def format_help(self) -> str:
        """Return the manual, if there is one, and the options."""
        if self.manual is None:
            return super().format_help()
        formatter = self._get_formatter()
        for group in self._action_groups:
            formatter.start_section(group.title)
            formatter.add_text(group.description)
            formatter.add_arguments(group._group_actions)
            formatter.end_section()
        return f"{self.manual}\n{formatter.format_help()}\n{self.epilog or ''}"

    def error(self, message: str) -> NoReturn:
        """Exit with status 2 and one line that says what was wrong."""
        self.exit(USAGE_ERROR, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.strip().split("\n"))


def add_command_parser(
    commands: argparse._SubParsersAction[Any],
    name: str,
    run: Callable[[argparse.Namespace], None],
    *,
    summary: str,
    synopsis: str,
    description: str,
    examples: str,
) -> CommandParser:
    """Add a subcommand and return its parser; the texts become its manual page."""
    parser = commands.add_parser(
        name, help=summary, usage=synopsis, formatter_class=ManFormatter, allow_abbrev=False
    )
    assert isinstance(parser, CommandParser)
    parser.manual = (
        f"NAME\n    sharedb-py {name} - {summary}\n\n"
        f"SYNOPSIS\n{_indented(synopsis)}\n\n"
        f"DESCRIPTION\n{_indented(description)}\n"
    )
    parser.epilog = (
        "EXIT STATUS\n    0: done.  1: it could not be done, or something is wrong with the data:\n"
        f"    one line on standard error says what.  {USAGE_ERROR}: the command line is wrong.\n\n"
        f"EXAMPLES\n{_indented(examples)}\n"
    )
    parser.set_defaults(run=run)
    return parser


def add_db_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--db``, read from ``SHAREDB_DB`` too."""
    parser.add_argument(
        "--db",
        metavar="URL",
        default=setting("DB"),
        help="the database, such as sqlite:///docs.sqlite (else SHAREDB_DB)",
    )


def add_output_options(parser: argparse.ArgumentParser, *, pager: bool = True) -> None:
    """Add ``--json`` and, for what may be long, ``--no-pager``."""
    parser.add_argument("--json", action="store_true", help="write JSON, one value a line")
    if pager:
        parser.add_argument(
            "--no-pager", action="store_true", help="write to the terminal without a pager"
        )


def count(text: str) -> int:
    """Read a whole number from 0; argparse names the option where it is none."""
    number = int(text)
    if number < 0:
        raise ValueError
    return number
