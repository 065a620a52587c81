"""`kontor keys …`: the keys that stored secrets are sealed under."""

from __future__ import annotations

import time

import typer

from console.commands.support import AsJson, answer, application, command_line_actor, table
from services import identity
from services.bootstrap import Application

app = typer.Typer(help="Keys that stored secrets are sealed under.", no_args_is_help=True)


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Every key, which one is active, and how many secrets need it."""
    with application() as it, it.database.unit_of_work(command_line_actor()) as uow:
        keyring = it.database.keyring
        rows = [
            {"key": key, "active": key == keyring.active, "secrets": identity.secrets_under(uow, key_id=key)}
            for key in keyring.ids
        ]
    shown = [[row["key"], "active" if row["active"] else "", str(row["secrets"])] for row in rows]
    answer(rows, table(["Key", "", "Secrets"], shown), as_json=as_json)


@app.command()
def rotate(as_json: AsJson = False) -> None:
    """Make a new key and put every secret under it; the console may run meanwhile.

    With keys from the settings: put every secret under the one that is active there.
    """
    with application() as it:
        with it.database.unit_of_work(command_line_actor()) as uow:
            key = identity.rotate_keys(uow) if identity.owns_keys(uow) else it.database.keyring.active
        done = _rewrap_all(it)
        # A process that had the old key in hand may have sealed one more thing with it just now.
        time.sleep(1)
        done += _rewrap_all(it)
    answer({"active": key, "rewrapped": done}, f"“{key}” is active; {done} secrets are under it now.", as_json=as_json)


@app.command()
def retire(key: str, as_json: AsJson = False) -> None:
    """Delete a key that no secret needs any more; backups made before need it to be readable."""
    with application() as it, it.database.unit_of_work(command_line_actor()) as uow:
        identity.retire_key(uow, key_id=key)
    answer({"retired": key}, f"“{key}” is deleted.", as_json=as_json)


def _rewrap_all(it: Application) -> int:
    done = 0
    while True:
        with it.database.unit_of_work(command_line_actor()) as uow:
            moved = identity.rewrap_secrets(uow)
        if not moved:
            return done
        done += moved
