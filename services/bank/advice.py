"""Details from CAMT.054 notices, put to the lines that statements book; in whichever order the two arrive."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update

from services import identity
from services.bank.load import account_of
from services.bank.models import CHANGED_SEQ, BankAdvice, BankFile, BankLine
from services.bank.statement import ParsedEntry, ParsedNotice
from services.core.db import UnitOfWork
from services.core.ids import new_id

_FILLED = (
    "return_reason",
    "charges_minor",
    "original_minor",
    "original_currency",
    "end_to_end_id",
    "mandate_id",
    "counterparty",
    "counterparty_iban",
    "batch_reference",
    "batch_count",
)
_TOLD = (*_FILLED, "remittance", "details")
_FITS = and_(
    BankLine.account_id == BankAdvice.account_id,
    BankLine.booked_on == BankAdvice.booked_on,
    BankLine.amount_minor == BankAdvice.amount_minor,
    or_(
        BankAdvice.references.bool_op("?")(BankLine.bank_reference),
        BankAdvice.references.bool_op("?")(BankLine.batch_reference),
    ),
)


def load_notice(
    uow: UnitOfWork, *, file: BankFile, entity: identity.LegalEntityView, parsed: ParsedNotice
) -> tuple[int, int]:
    """Stores the details that are new and returns how many are, and how many were known.

    Raises RejectedRow when the account belongs to another legal entity.
    """
    account = account_of(uow, entity, parsed)
    contents = {_key(content): content for content in map(_content, parsed.entries)}
    known = set(
        uow.session.scalars(
            select(BankAdvice.advice_key).where(
                BankAdvice.account_id == account.id, BankAdvice.advice_key.in_(list(contents))
            )
        )
    )
    fresh = {key: content for key, content in contents.items() if key not in known}
    in_order = sorted(new_id() for _ in fresh)  # made within one millisecond they are in none
    uow.session.add_all(
        BankAdvice(
            id=name,
            entity_id=account.entity_id,
            account_id=account.id,
            file_id=file.id,
            advice_key=key,
            amount_minor=content["amount_minor"],
            currency=account.currency,
            booked_on=dt.date.fromisoformat(content["booked_on"]),
            references=content["references"],
            content=content,
        )
        for name, (key, content) in zip(in_order, fresh.items(), strict=True)
    )
    uow.session.flush()
    return len(fresh), len(parsed.entries) - len(fresh)


def attach_waiting(uow: UnitOfWork, entity_id: uuid.UUID) -> int:
    """Gives each waiting detail to the one line of its amount and day that shares a reference with it.

    Returns how many found their line. Two lines that would fit leave the detail waiting: nothing is guessed.
    However many wait, the database is asked the same few times.
    """
    fitting = func.count().over(partition_by=BankAdvice.id)
    found = uow.session.execute(
        select(BankAdvice, BankLine, fitting)
        .join(BankLine, _FITS)
        .where(BankAdvice.entity_id == entity_id, BankAdvice.line_id.is_(None))
        .order_by(BankAdvice.id)
        .execution_options(populate_existing=True)
    ).all()
    pairs = [(advice, line) for advice, line, lines in found if lines == 1]
    told: dict[uuid.UUID, dict[str, Any]] = {}
    for advice, line in pairs:
        advice.line_id = line.id
        said = told.setdefault(line.id, {name: getattr(line, name) for name in _TOLD})
        said.update(_filled(said, advice.content))
    uow.session.flush()
    _tell(uow, [line for _, line in pairs], told)
    return len(pairs)


def _filled(said: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """What the statement left out; what it said stays as it said it."""
    values = {name: content[name] for name in _FILLED if said[name] is None and content.get(name) is not None}
    if content.get("remittance") and content["remittance"] not in (said["remittance"] or ""):
        values["remittance"] = " ".join(filter(None, (said["remittance"], content["remittance"])))[:2000]
    if content.get("details") and not said["details"]:
        values["details"] = content["details"]
    return values


def _tell(uow: UnitOfWork, lines: list[BankLine], told: dict[uuid.UUID, dict[str, Any]]) -> None:
    """Writes what has changed of the lines, and lets those who follow them know."""
    changed = [line for line in lines if any(getattr(line, name) != said for name, said in told[line.id].items())]
    if not changed:
        return
    line_table = BankLine.__table__
    statement = update(line_table).where(line_table.c.id == bindparam("line"))  # pyright: ignore[reportArgumentType]
    values = {name: bindparam(f"now_{name}", type_=line_table.c[name].type) for name in _TOLD}
    rows = [
        {"line": key} | {f"now_{name}": said for name, said in told[key].items()} for key in {row.id for row in changed}
    ]
    uow.session.connection().execute(statement.values(changed_seq=CHANGED_SEQ.next_value(), **values), rows)
    for line in changed:
        uow.session.expire(line)


def _key(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:40]


def _references(entry: ParsedEntry) -> list[str]:
    return sorted({text for text in (entry.bank_reference, entry.batch_reference) if text})


def _content(entry: ParsedEntry) -> dict[str, Any]:
    return {
        "amount_minor": entry.amount_minor,
        "booked_on": entry.booked_on.isoformat(),
        "references": _references(entry),
        "remittance": entry.remittance,
        "details": list(entry.details),
        **{name: getattr(entry, name) for name in _FILLED},
    }
