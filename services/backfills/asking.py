"""The form of a definition's parameters, what is wrong with what was typed, and the dry run people were asked about."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from services import approvals
from services.backfills.definition import definition_named
from services.backfills.freezing import says_what_moves
from services.backfills.queries import backfill_detail, definition_view
from services.backfills.service import RUN_CLOSED_APPROVAL, facts_of, kind_for
from services.backfills.views import DefinitionView
from services.core import canonical_json
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.core.words import Words


class FieldKind(StrEnum):
    DATE = "date"
    MOMENT = "moment"
    WHOLE = "whole"
    NUMBER = "number"
    CHECK = "check"
    CHOICE = "choice"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class FieldView:
    """One parameter as a form asks for it. `least` and `most` are bounds of a number; `default` is empty for none.

    A field's German title is its `json_schema_extra={"title_de": …}`; without one the English title serves both.
    """

    name: str
    title: Words
    hint: str
    kind: FieldKind
    required: bool
    default: str
    choices: tuple[str, ...] = ()
    least: str = ""
    most: str = ""


@dataclass(frozen=True, slots=True)
class WrongField:
    """What is wrong with one parameter: the validator's code with its data, and its English sentence."""

    name: str
    code: str
    data: Mapping[str, Any]
    sentence: str


@dataclass(frozen=True, slots=True)
class ParamsForm:
    """The form of a definition; `given` is what an existing backfill has, or empty."""

    definition: DefinitionView
    fields: tuple[FieldView, ...]
    given: Mapping[str, Any]
    backfill_id: uuid.UUID | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Risk:
    """What decided over who has to agree: a signed period that it touches (`closed`), else `standing`."""

    closed: bool
    standing: approvals.Standing


@dataclass(frozen=True, slots=True)
class AskedDryRun:
    """The dry run that a request is bound to."""

    definition: DefinitionView
    params: Mapping[str, Any]
    document: Mapping[str, Any]


def params_form(uow: UnitOfWork, *, definition: str = "", backfill_id: uuid.UUID | None = None) -> ParamsForm:
    """The form for a new backfill of `definition`, or for other parameters of an existing one.

    Raises UnknownDefinition, BackfillNotFound.
    """
    uow.actor.require(Permission.BACKFILL_DRAFT)
    if backfill_id is None:
        view = definition_view(definition_named(definition))
        return ParamsForm(view, _fields(view.params), {})
    found = backfill_detail(uow, backfill_id=backfill_id)
    one = found.backfill
    return ParamsForm(found.definition, _fields(found.definition.params), one.params, one.id, one.label)


def wrong_params(uow: UnitOfWork, *, definition: str, params: dict[str, Any]) -> tuple[WrongField, ...]:
    """Every parameter that the definition would refuse; none when a draft can be made."""
    uow.actor.require(Permission.BACKFILL_DRAFT)
    try:
        definition_named(definition).params.model_validate(params)
    except ValidationError as error:
        return tuple(
            WrongField(".".join(map(str, one["loc"])), one["type"], one.get("ctx", {}), one["msg"])
            for one in error.errors()
        )
    return ()


def asked_dry_run(uow: UnitOfWork, *, backfill_id: uuid.UUID, digest: str) -> AskedDryRun | None:
    """The dry run with that digest; None when another one has taken its place. Raises BackfillNotFound."""
    uow.actor.require(Permission.BACKFILL_READ)
    found = backfill_detail(uow, backfill_id=backfill_id)
    document = found.backfill.dry_run
    if document is None or canonical_json.digest(document) != digest:
        return None
    return AskedDryRun(found.definition, found.backfill.params, document)


def risk(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> Risk | None:
    """What decides over who has to agree: of the request once there is one, before it by the policy that holds now.

    None before a dry run, and for one that does not say what money moves.
    """
    one = backfill_detail(uow, backfill_id=backfill_id).backfill
    if one.dry_run is None or not says_what_moves(one.dry_run):
        return None
    closed = kind_for(one.dry_run) == RUN_CLOSED_APPROVAL
    if one.request_id is None:
        facts = facts_of(one.dry_run["frozen"])
        return Risk(closed, approvals.standing(uow, kind=kind_for(one.dry_run), facts=facts))
    return Risk(closed, approvals.request_detail(uow, request_id=one.request_id).request.standing)


def _fields(schema: Mapping[str, Any]) -> tuple[FieldView, ...]:
    required = set(schema.get("required", ()))
    known = schema.get("$defs", {})
    return tuple(
        _field(name, _settled(one, known), name in required) for name, one in schema.get("properties", {}).items()
    )


def _settled(one: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """The type of a parameter without its reference and without “or nothing”."""
    parts = [part for part in one.get("anyOf", ()) if part.get("type") != "null"] or [one]
    found = dict(parts[0])
    reference = found.pop("$ref", "")
    named = known.get(reference.rpartition("/")[2], {}) if reference else {}
    return {**named, **found, **{name: value for name, value in one.items() if name not in ("anyOf", "$ref")}}


def _field(name: str, one: Mapping[str, Any], required: bool) -> FieldView:
    title = str(one.get("title", name))
    default = one.get("default")
    return FieldView(
        name=name,
        title=Words(title, str(one.get("title_de", title))),
        hint=str(one.get("description", "")) if "enum" not in one else "",
        kind=_kind(one),
        required=required,
        default="" if default is None else str(default),
        choices=tuple(str(value) for value in one.get("enum", ())),
        least=str(one.get("minimum", "")),
        most=str(one.get("maximum", "")),
    )


def _kind(one: Mapping[str, Any]) -> FieldKind:
    if "enum" in one:
        return FieldKind.CHOICE
    by_format = {"date": FieldKind.DATE, "date-time": FieldKind.MOMENT}
    by_type = {"integer": FieldKind.WHOLE, "number": FieldKind.NUMBER, "boolean": FieldKind.CHECK}
    return by_format.get(str(one.get("format"))) or by_type.get(str(one.get("type")), FieldKind.TEXT)
