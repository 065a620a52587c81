"""What the documents say can be typed. `kontor group one · two` names two commands of that group."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.cli import get_docs_for_click
from typer.main import get_command

from console import cli

ROOT = Path(__file__).resolve().parents[2]
_REFERENCE = ROOT / "docs" / "commands.md"
_PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page != _REFERENCE)]
_TYPED = re.compile(r"(?:`|^)kontor ([a-z][^`\n#]*)", re.MULTILINE)
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
