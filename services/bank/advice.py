"""Details from CAMT.054 notices, put to the lines that statements book; in whichever order the two arrive."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from sqlalchemy import select, update

from services import identity
from services.bank.load import account_of
from services.bank.models import CHANGED_SEQ, BankAdvice, BankFile, BankLine
from services.bank.statement import ParsedEntry, ParsedNotice
from services.core.db import UnitOfWork

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


def load_notice(
    uow: UnitOfWork, *, file: BankFile, entity: identity.LegalEntityView, parsed: ParsedNotice
) -> tuple[int, int]:
    """Stores the details that are new and returns how many are, and how many were known.

    Raises RejectedRow when the account belongs to another legal entity.
    """
    account = account_of(uow, entity, parsed)
    fresh = 0
    for entry in parsed.entries:
        content = _content(entry)
        key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:40]
        known = select(BankAdvice.id).where(BankAdvice.account_id == account.id, BankAdvice.advice_key == key)
        if uow.session.scalar(known) is not None:
            continue
        fresh += 1
        uow.session.add(
            BankAdvice(
                entity_id=account.entity_id,
                account_id=account.id,
                file_id=file.id,
                advice_key=key,
                amount_minor=entry.amount_minor,
                currency=account.currency,
                booked_on=entry.booked_on,
                references=_references(entry),
                content=content,
            )
        )
        uow.session.flush()
    return fresh, len(parsed.entries) - fresh


def attach_waiting(uow: UnitOfWork, entity_id: uuid.UUID) -> int:
    """Gives each waiting detail to the one line of its amount and day that shares a reference with it.

    Returns how many found their line. Two lines that would fit leave the detail waiting: nothing is guessed.
    """
    attached = 0
    waiting = select(BankAdvice).where(BankAdvice.entity_id == entity_id, BankAdvice.line_id.is_(None))
    for advice in uow.session.scalars(waiting.order_by(BankAdvice.id)):
        lines = uow.session.scalars(
            select(BankLine).where(
                BankLine.account_id == advice.account_id,
                BankLine.amount_minor == advice.amount_minor,
                BankLine.booked_on == advice.booked_on,
            )
        ).all()
        fitting = [line for line in lines if set(advice.references) & {line.bank_reference, line.batch_reference}]
        if len(fitting) == 1:
            advice.line_id = fitting[0].id
            _fill(uow, fitting[0].id, advice.content)
            attached += 1
    uow.session.flush()
    return attached


def _fill(uow: UnitOfWork, line_id: uuid.UUID, content: dict[str, Any]) -> None:
    """What the statement left out is filled in; what it said stays as it said it."""
    line = uow.session.get_one(BankLine, line_id)
    values = {name: content[name] for name in _FILLED if getattr(line, name) is None and content.get(name) is not None}
    if content.get("remittance") and content["remittance"] not in (line.remittance or ""):
        values["remittance"] = " ".join(filter(None, (line.remittance, content["remittance"])))[:2000]
    if content.get("details") and not line.details:
        values["details"] = content["details"]
    if values:
        uow.session.execute(
            update(BankLine).where(BankLine.id == line_id).values(**values, changed_seq=CHANGED_SEQ.next_value())
        )
        uow.session.expire(line)


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
