"""What a command says: answers for people or machines, errors as one line. Light, for a quick `kontor up`."""

from __future__ import annotations

import os
from typing import Annotated, Any

import orjson
import typer

from services.core.errors import DomainError
from services.core.ids import new_id
from services.core.log import get_logger
from services.core.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of sentences.")]

FAILED = 1


def quiet(settings: Settings) -> Settings:
    """Logs only what is wrong, unless KONTOR_LOG_LEVEL asks for more: a command answers, it does not chat."""
    return settings.model_copy(update={"log_level": os.environ.get("KONTOR_LOG_LEVEL", "warning")})


def answer(data: Any, sentence: str, *, as_json: bool) -> None:
    """The command's result on standard output: `data` as JSON (dataclasses, ids and times included), or words."""
    if as_json:
        typer.echo(orjson.dumps(data, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode())
    else:
        typer.echo(sentence)


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Words in columns for a terminal; a sentence when there is nothing."""
    if not rows:
        return "Nothing to show."
    widths = [max(len(line[column]) for line in [heads, *rows]) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [heads, *rows]
    )


def tell(sentence: str) -> None:
    """Something that happens on the way, on standard error."""
    typer.echo(f"{sentence} …", err=True)


def run(app: typer.Typer) -> int:
    """Runs the command line and returns its exit status: 0 done, 1 refused or failed, 2 wrong usage.

    A refusal is one line on standard error. Anything unforeseen gets an incident id and is logged once.
    """
    try:
        app()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILED
    except DomainError as error:
        typer.echo(f"kontor: {error.sentence}", err=True)
    except Exception:
        incident = str(new_id())
        get_logger(__name__).exception("cli.failed", incident=incident)
        typer.echo(f"kontor: Something went wrong that should not. Incident {incident}.", err=True)
    return FAILED
