"""`kontor …`: the command line. One group a file in console/commands.

A command is imported when it is called: the domains take seconds to load, and `kontor up` wants to start at once.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import typer

from console.commands import terminal

_COMMANDS = {
    "up": "console.commands.up:up",
    "web": "console.commands.processes:web",
    "worker": "console.commands.processes:worker",
    "clock": "console.commands.processes:clock",
    "migrate": "console.commands.processes:migrate_database",
    "doctor": "console.commands.doctor:doctor",
}
_GROUPS = {
    "user": "console.commands.users:app",
    "audit": "console.commands.audit:app",
    "keys": "console.commands.keys:app",
    "approvals": "console.commands.approvals:app",
    "import": "console.commands.imports:app",
    "runs": "console.commands.runs:app",
    "backfills": "console.commands.backfills:app",
    "recon": "console.commands.recon:app",
    "sandbox": "console.commands.sandbox:app",
}


def build(words: Sequence[str] = ()) -> typer.Typer:
    """The command that the first of `words` names, or all of them when it names none (for help and misspellings)."""
    app = typer.Typer(
        name="kontor",
        help="Kontor: look at money, prove the books, change data safely. `kontor up` starts everything.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    # A callback keeps the command's name in front of its options even when it is the only one.
    app.callback()(lambda: None)
    named = words[0] if words and words[0] in {**_COMMANDS, **_GROUPS} else None
    for name, place in _COMMANDS.items():
        if named in (None, name):
            app.command(name)(_load(place))
    for name, place in _GROUPS.items():
        if named in (None, name):
            app.add_typer(_load(place), name=name)
    return app


def _load(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def __getattr__(name: str) -> typer.Typer:
    """`app` is the whole command line, built when somebody asks for it."""
    if name == "app":
        return build()
    raise AttributeError(name)


def main() -> None:
    """The `kontor` program."""
    sys.exit(terminal.run(build(sys.argv[1:])))


if __name__ == "__main__":
    main()
