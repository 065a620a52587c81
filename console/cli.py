"""`kontor …`: the command line. One group a file in console/commands."""

from __future__ import annotations

import sys

import typer

from console.commands import imports, processes, recon, runs, sandbox, support, users
from console.commands.doctor import doctor
from console.commands.up import up

app = typer.Typer(
    name="kontor",
    help="Kontor: look at money, prove the books, change data safely. `kontor up` starts everything.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(up)
app.command()(processes.web)
app.command()(processes.worker)
app.command()(processes.clock)
app.command("migrate")(processes.migrate_database)
app.command()(doctor)
app.add_typer(users.app, name="user")
app.add_typer(imports.app, name="import")
app.add_typer(runs.app, name="runs")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(recon.app, name="recon")


def main() -> None:
    """The `kontor` program."""
    sys.exit(support.run(app))


if __name__ == "__main__":
    main()
