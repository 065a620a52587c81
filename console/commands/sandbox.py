"""`kontor sandbox …`: the merchant that is not real."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from services import sandbox
from services.core.settings import load_settings

app = typer.Typer(help="The synthetic merchant: Stripe, its bank and its books.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def seed(
    seed: Annotated[str, typer.Option(help="The same seed gives the same world.")] = "kontor",
    days: Annotated[int, typer.Option(min=3, help="Full days before today.")] = 90,
    per_day: Annotated[int, typer.Option(min=5, help="Payments a day over both entities.")] = 150,
    as_json: AsJson = False,
) -> None:
    """Make the world anew; what stood in the inbox is replaced.

    Example: kontor sandbox seed --seed 7 --days 365 --per-day 13700 makes five million payments.
    """
    grown = sandbox.seed(load_settings().data_dir, seed=seed, days=days, per_day=per_day)
    _say(as_json, f"Seeded {days} days; {grown.files} files lie in the inbox.", days=days, files=grown.files)


@app.command()
def advance(
    days: Annotated[int, typer.Option(min=1, max=366, help="Whole days.")] = 1, as_json: AsJson = False
) -> None:
    """Move the world's time on: new payments, returns, payouts and files.

    Example: kontor sandbox advance --days 3
    """
    grown = sandbox.advance(load_settings().data_dir, days)
    _say(as_json, f"It is {days} days later; {grown.files} new files lie in the inbox.", days=days, files=grown.files)


@app.command()
def truth(as_json: AsJson = False) -> None:
    """What was planted and a run through yesterday can see.

    Example: kontor sandbox truth --json
    """
    planted = sandbox.truth(load_settings().data_dir)
    lines = [
        f"{name}: " + ", ".join(f"{kind} {count}" for kind, count in definition["counts"].items())
        for name, definition in planted["definitions"].items()
    ]
    _say(as_json, "\n".join(lines), **planted)


def _say(as_json: bool, sentence: str, **data: object) -> None:
    typer.echo(json.dumps(data, indent=2) if as_json else sentence)
