"""Settings of bank accounts: opened by hand, closed, whose lines are the provider's, how a CSV export is read."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, select, update
from sqlalchemy.exc import DataError

from services import audit, identity
from services.bank import csv_export
from services.bank.errors import AccountExists, InvalidAccount, InvalidCsvMapping, NoSuchBankRecord, StaleAccount
from services.bank.events import PATTERN_CHANGED
from services.bank.iban import is_iban
from services.bank.load import open_account as _open
from services.bank.models import CHANGED_SEQ, BankAccount, BankLine
from services.bank.vocabulary import CSV_NAMES, CsvMapping
from services.core import events
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.money import exponent
from services.core.permissions import Permission
from services.core.sampling import SAMPLE_BYTES, Preview, guess, preview


def open_account(
    uow: UnitOfWork, *, entity_id: uuid.UUID, iban: str, currency: str, provider_pattern: str = "STRIPE"
) -> uuid.UUID:
    """Opens an account before its first statement, so that it is awaited and its setting is right from the start.

    Raises InvalidAccount for a number whose check digits are wrong (anything else than an IBAN is taken as it
    stands when it has no letters in front), AccountExists when it is there already.
    """
    uow.actor.require(Permission.BANK_IMPORT, entity_id)
    number, code = iban.replace(" ", "").upper(), currency.strip().upper()
    if not 4 <= len(number) <= 40 or not number.isascii() or (number[:2].isalpha() and not is_iban(number)):
        raise InvalidAccount("This IBAN does not add up; check its digits.", iban=iban[:40])
    exponent(code)
    _check_pattern(uow, provider_pattern)
    taken = select(BankAccount.id).where(BankAccount.iban == number, BankAccount.currency == code)
    if uow.session.scalar(taken) is not None:
        raise AccountExists("This account is there already.", iban=number)
    found = [entity for entity in identity.legal_entities(uow) if entity.id == entity_id]
    if not found:
        raise NoSuchBankRecord("There is no such legal entity among those you may see.")
    account = _open(uow, found[0], iban=number, currency=code, name=found[0].name, bic=None)
    account.provider_pattern = provider_pattern
    uow.session.flush()
    return account.id


def set_provider_pattern(uow: UnitOfWork, *, account_id: uuid.UUID, pattern: str, version: int) -> None:
    """Says which counterparties of the account are the payment provider (a regular expression, any case).

    Every line of the account counts as changed, so that the next reconciliation looks at all of them. Raises
    Invalid for an unusable pattern and StaleAccount when somebody else changed the account since `version`.
    """
    account = _account(uow, account_id, version)
    _check_pattern(uow, pattern)
    before, account.provider_pattern = account.provider_pattern, pattern
    uow.session.flush()
    uow.session.execute(
        update(BankLine).where(BankLine.account_id == account.id).values(changed_seq=CHANGED_SEQ.next_value())
    )
    _told(uow, account, {"provider_pattern": before}, {"provider_pattern": pattern})
    changed = events.DomainEvent(PATTERN_CHANGED, "bank_account", str(account.id), account.entity_id, {"from": before})
    events.emit(uow, changed)


def close_account(uow: UnitOfWork, *, account_id: uuid.UUID, closed_on: dt.date | None, version: int) -> None:
    """Says that the account's last statement is of `closed_on`: none is awaited after it. None opens it again."""
    account = _account(uow, account_id, version)
    before, account.closed_on = account.closed_on, closed_on
    days = [{"closed_on": day.isoformat() if day else None} for day in (before, closed_on)]
    _told(uow, account, *days)


def set_csv_mapping(uow: UnitOfWork, *, account_id: uuid.UUID, mapping: dict[str, Any], version: int) -> None:
    """Says how the account's CSV exports are read from now on. Raises InvalidCsvMapping with each wrong field."""
    checked = checked_mapping(mapping)
    account = _account(uow, account_id, version)
    before, account.csv_mapping = account.csv_mapping, checked.model_dump()
    _told(uow, account, {"csv_mapping": before}, {"csv_mapping": account.csv_mapping})


def preview_csv(uow: UnitOfWork, *, account_id: uuid.UUID, sample: bytes, mapping: dict[str, Any]) -> Preview:
    """What the mapping makes of the first rows of an export. Nothing is stored."""
    account = _seen(uow, account_id)
    zone = next(entity.time_zone for entity in identity.legal_entities(uow) if entity.id == account.entity_id)
    row = csv_export.CsvLineReader(account.currency)
    checked = checked_mapping(mapping)
    return preview(sample[:SAMPLE_BYTES], checked, zone=zone, row=row, shown=csv_export.shown)


def guess_csv(uow: UnitOfWork, *, account_id: uuid.UUID, sample: bytes) -> dict[str, Any]:
    """A first mapping for an export of the account, by the usual names of its columns."""
    _seen(uow, account_id)
    return guess(sample[:SAMPLE_BYTES], CSV_NAMES)


def checked_mapping(mapping: dict[str, Any]) -> CsvMapping:
    try:
        return CsvMapping.model_validate(mapping)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'mapping'}: {item['msg']}" for item in error.errors())
        raise InvalidCsvMapping(f"The mapping cannot be used. {wrong}.", wrong=wrong) from error


def _told(uow: UnitOfWork, account: BankAccount, before: dict[str, Any], after: dict[str, Any]) -> None:
    account.version += 1
    uow.session.flush()
    audit.record(
        uow,
        action="bank.account.changed",
        subject_type="bank_account",
        subject_id=account.id,
        entity_id=account.entity_id,
        before=before,
        after=after,
    )


def _account(uow: UnitOfWork, account_id: uuid.UUID, version: int) -> BankAccount:
    scope = uow.actor.scope(Permission.BANK_IMPORT)
    account = uow.session.scalar(
        select(BankAccount).where(BankAccount.id == account_id, scope.allows(BankAccount.entity_id)).with_for_update()
    )
    if account is None:
        raise NoSuchBankRecord("There is no such bank account in the entities you may see.")
    if account.version != version:
        raise StaleAccount("Somebody else changed this account meanwhile. Look at it again.", version=account.version)
    return account


def _seen(uow: UnitOfWork, account_id: uuid.UUID) -> BankAccount:
    scope = uow.actor.scope(Permission.BANK_IMPORT)
    account = uow.session.scalar(
        select(BankAccount).where(BankAccount.id == account_id, scope.allows(BankAccount.entity_id))
    )
    if account is None:
        raise NoSuchBankRecord("There is no such bank account in the entities you may see.")
    return account


def _check_pattern(uow: UnitOfWork, pattern: str) -> None:
    if not 1 <= len(pattern.strip()) <= 200:
        raise Invalid("Write a pattern of 1 to 200 characters, such as STRIPE.")
    try:
        with uow.session.begin_nested():
            uow.session.execute(select(func.regexp_count("", pattern)))
    except DataError:
        raise Invalid(f"“{pattern}” is no regular expression. Plain words such as STRIPE are enough.") from None
