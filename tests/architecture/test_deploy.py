"""What `deploy/` says fits the product: variables that exist, commands that exist, one owner of the schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter

from console.cli import app
from services.core.settings import Settings

_ROOT = Path(__file__).parents[2]
_COMPOSE: dict[str, Any] = yaml.safe_load((_ROOT / "deploy/compose.yaml").read_text())
_SERVING = (_ROOT / "console/kit/serving.py").read_text()
_OURS = {name: service for name, service in _COMPOSE["services"].items() if "build" in service}
_ENVIRONMENT = {key: value for service in _OURS.values() for key, value in service["environment"].items()}


def _variables(model: type[BaseModel], prefix: str = "KONTOR_") -> dict[str, Any]:
    """Every variable the settings read, with the type of its value."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= _variables(kind, f"{prefix}{name.upper()}__")
        else:
            found[str(field.validation_alias or f"{prefix}{name.upper()}")] = kind
    return found


@pytest.mark.parametrize("name", sorted(_ENVIRONMENT))
def test_a_variable_of_the_composition_is_one_that_is_read(name: str):
    of_the_server = {"FORWARDED_ALLOW_IPS"} if "FORWARDED_ALLOW_IPS" in _SERVING else set[str]()
    assert name in _variables(Settings).keys() | of_the_server


def test_values_of_the_composition_are_accepted():
    literal = {key: value for key, value in _ENVIRONMENT.items() if "${" not in value}
    kinds = _variables(Settings)
    for name, value in literal.items():
        parsed = json.loads(value) if value.startswith(("[", "{")) else value
        TypeAdapter(kinds[name]).validate_python(parsed)
    assert {"KONTOR_SANDBOX", "KONTOR_WEB__HOST", "KONTOR_DATA_DIR"} <= set(literal)


def test_each_process_of_the_composition_is_a_command():
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    asked = {service["command"].removeprefix("kontor ") for service in _OURS.values()}
    assert asked == {"migrate", "web", "worker", "clock"}
    assert asked <= commands


def test_only_the_migration_knows_the_owner_of_the_schema():
    knowing = {name for name, service in _OURS.items() if "DATABASE_OWNER_URL" in service["environment"]}
    assert knowing == {"migrate"}
    assert all("kontor_owner" not in service["environment"]["DATABASE_URL"] for service in _OURS.values())


def test_no_secret_has_a_value_of_its_own():
    text = (_ROOT / "deploy/compose.yaml").read_text()
    for name, value in re.findall(r"(\w*PASSWORD\w*): (\S+)", text):
        assert value.startswith("${"), name


def test_the_image_installs_as_a_clone_does_and_runs_without_root():
    lines = (_ROOT / "deploy/Containerfile").read_text().splitlines()
    user = lines.index("USER kontor")
    assert lines.index("RUN make install LOCK=deploy/requirements.lock") > user
    assert all(not line.startswith("USER") for line in lines[user + 1 :])


def test_the_image_has_no_tools_of_development():
    """What is installed there is of the very versions that are tested, and less."""
    run, whole = _locked("deploy/requirements.lock"), _locked("requirements.lock")
    assert run < whole
    assert {line.split("==")[0] for line in whole - run} >= {"hypothesis", "playwright", "pyright", "pytest", "ruff"}
    assert {"tests", "benchmarks"} <= set((_ROOT / ".dockerignore").read_text().split())


def _locked(name: str) -> set[str]:
    """Versions with their hashes, as the file has them."""
    return set(re.split(r"\n(?=\S)", (_ROOT / name).read_text().strip())[2:])


def test_sinks_of_the_composition_are_volumes_of_their_own():
    (folder,) = json.loads(_ENVIRONMENT["KONTOR_AUDIT__SINK_FOLDERS"])
    for service in _OURS.values():
        volumes = [volume.split(":") for volume in service["volumes"]]
        mounted = {path: name for name, path in volumes}
        assert mounted[folder] != mounted["/data"]
