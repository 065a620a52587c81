"""What the documents say can be typed, and what can be set is said. `kontor group one · two` names two commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.cli import get_docs_for_click
from typer.main import get_command

from console import cli
from services.core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_REFERENCE = ROOT / "docs" / "commands.md"
_PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page != _REFERENCE)]
_TYPED = re.compile(r"(?:`|^)kontor ([a-z][^`\n#]*)", re.MULTILINE)
_VARIABLE = re.compile(r"`(?P<name>(?:[A-Z]|__)[A-Z_]*)`")
_BETWEEN_COMMANDS = re.compile(r" [·|] ")


@pytest.fixture(scope="module")
def program() -> Any:
    return get_command(cli.build())


def test_the_reference_is_the_help_of_the_program(program: Any):
    context = program.make_context("kontor", [], resilient_parsing=True)
    written = get_docs_for_click(obj=program, ctx=context, name="kontor", title="The command line").strip() + "\n"
    assert _REFERENCE.read_text() == written, "Write it anew with `make commands`."


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_no_page_names_a_command_that_is_not_there(page: Path, program: Any):
    missing = []
    for typed in _TYPED.finditer(page.read_text()):
        group = program
        for words in map(str.split, _BETWEEN_COMMANDS.split(typed[1])):
            group, fault = _followed(group, words)
            missing += [f"{typed[0]}: {fault}"] if fault else []
    assert missing == []


def _followed(group: Any, words: list[str]) -> tuple[Any, str]:
    """The group of the command that `words` end at, and the first word or option that is not there."""
    command = group
    while words and (members := getattr(command, "commands", None)) and not words[0].startswith("-"):
        if words[0] not in members:
            return group, words[0]
        group, command, words = command, members[words[0]], words[1:]
    known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    options = re.findall(r"--[a-z][a-z-]*", " ".join(words))
    return group, next((option for option in options if option not in known | {"--help"}), "")


def test_the_readme_names_every_setting_and_no_other():
    assert _documented() == set(_settings(Settings, "KONTOR_"))


def _documented() -> set[str]:
    """A name that begins with `__` belongs to the section of the row's first."""
    names: set[str] = set()
    for row in (ROOT / "README.md").read_text().split("| --- | --- | --- |")[1].split("\n\n")[0].splitlines():
        found = _VARIABLE.findall(row)
        names |= {name if not name.startswith("__") else found[0].partition("__")[0] + name for name in found}
    return names


def _settings(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _settings(field.annotation, f"{prefix}{name.upper()}__")
        else:
            yield str(field.validation_alias or f"{prefix}{name.upper()}")
