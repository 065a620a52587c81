"""`kontor sandbox …`: the merchant that is not real."""

from __future__ import annotations

from typing import Annotated

import typer

from console.commands.support import AsJson, answer, tell
from services import sandbox
from services.core.log import configure_logging
from services.core.settings import load_settings

app = typer.Typer(help="The synthetic merchant: Stripe, its bank and its books.", no_args_is_help=True)


@app.command()
def seed(
    seed: Annotated[str, typer.Option(help="The same seed gives the same world.")] = "kontor",
    days: Annotated[int, typer.Option(min=3, help="Full days before today.")] = 90,
    per_day: Annotated[int, typer.Option(min=5, help="Payments a day over both entities.")] = 150,
    as_json: AsJson = False,
) -> None:
    """Make the world anew; what stood in the inbox is replaced. A running server has to be started again.

    Example: kontor sandbox seed --seed 7 --days 365 --per-day 13700 makes five million payments.
    """
    tell(f"Making {days} days of a merchant")
    grown = sandbox.seed(load_settings().data_dir, seed=seed, days=days, per_day=per_day)
    answer({"days": days, "files": grown.files}, f"Done; {grown.files} files lie in the inbox.", as_json=as_json)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Where Stripe's API listens, on 127.0.0.1.")] = sandbox.DEFAULT_PORT,
    webhook_url: Annotated[str | None, typer.Option(help="The console's intake; by default this console's.")] = None,
    faults: Annotated[str | None, typer.Option(help='Trouble to make, e.g. {"every": {"429": 50}}')] = None,
) -> None:
    """Serve Stripe's API until Ctrl-C; an empty data folder is seeded first. Files come as days end.

    Example: kontor sandbox serve --port 12111
    """
    settings = load_settings()
    configure_logging(settings.log_level, process="sandbox")
    url = webhook_url or f"http://127.0.0.1:{settings.port}/hooks/stripe"
    sandbox.serve(settings.data_dir, port=port, webhook_url=url, faults=faults)


@app.command()
def advance(
    days: Annotated[int, typer.Option(min=1, max=366, help="Whole days.")] = 1, as_json: AsJson = False
) -> None:
    """Move the world's time on: new payments, returns, payouts, files and webhooks.

    Example: kontor sandbox advance --days 3
    """
    grown = sandbox.advance(load_settings().data_dir, days)
    sentence = f"It is {days} days later: {grown.files} new files in the inbox, {grown.webhooks} webhooks accepted."
    answer({"days": days, "files": grown.files, "webhooks": grown.webhooks}, sentence, as_json=as_json)


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
    answer(planted, "\n".join(lines), as_json=as_json)
