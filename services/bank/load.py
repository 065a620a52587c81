"""Writing what a bank file says: accounts, statements and lines, each once."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, CollectionAggregate, String, any_, func, insert, literal, select

from services import audit, identity
from services.bank.errors import RejectedRow
from services.bank.models import BankAccount, BankFile, BankLine, BankStatement
from services.bank.policy import difference_of, problem_of
from services.bank.statement import ParsedEntry, ParsedNotice, ParsedStatement
from services.bank.views import StatementReport
from services.bank.vocabulary import LineStatus, StatementFormat
from services.core.clock import day_bounds
from services.core.db import UnitOfWork
from services.core.ids import new_id

_PIECE = 1000


@dataclass(frozen=True, slots=True)
class KeyedEntry:
    """An entry with its identity: its key within the account and the how-manieth equal one of its statement."""

    entry: ParsedEntry
    line_key: str
    occurrence: int


def load_statement(
    uow: UnitOfWork, *, file: BankFile, entity: identity.LegalEntityView, parsed: ParsedStatement
) -> StatementReport:
    """Stores the statement and those of its lines that are new. A complete statement that comes again in another
    format has nothing new. Raises RejectedRow when the account belongs to another legal entity or was closed, or
    when the statement contradicts the one stored under its name."""
    account = account_of(uow, entity, parsed)
    if account.closed_on is not None and parsed.first_day > account.closed_on:
        raise RejectedRow("account_closed", iban=account.iban, day=account.closed_on.isoformat())
    statement = _statement(uow, file, account, parsed)
    keyed = keyed_entries(parsed)
    if statement.format != parsed.format and statement.complete:
        return _report(account, statement, fresh=0, known=len(keyed))
    known = _known_keys(uow, account.id, [item.line_key for item in keyed])
    fresh = [item for item in keyed if (item.line_key, item.occurrence) not in known]
    _insert_lines(uow, file.id, statement, _values(fresh, currency=account.currency, time_zone=entity.time_zone))
    _weigh(uow, statement)
    return _report(account, statement, fresh=len(fresh), known=len(keyed) - len(fresh))


def _report(account: BankAccount, statement: BankStatement, *, fresh: int, known: int) -> StatementReport:
    return StatementReport(
        iban=account.iban,
        currency=account.currency,
        reference=statement.reference,
        page=statement.page,
        sequence=statement.sequence,
        first_day=statement.first_day,
        last_day=statement.last_day,
        opening_minor=statement.opening_minor,
        closing_minor=statement.closing_minor,
        difference_minor=difference_of(statement.opening_minor, statement.lines_minor, statement.closing_minor),
        rows_new=fresh,
        rows_unchanged=known,
        problem=problem_of(statement.opening_minor, statement.lines_minor, statement.closing_minor),
    )


def keyed_entries(parsed: ParsedStatement) -> list[KeyedEntry]:
    """Gives each entry its identity, the same whichever part of the statement a file holds.

    With the bank's reference: reference, day, amount, reversal. Without one: a digest of the content and the
    statement's name, so that equal bookings of two statements stay two.
    """
    seen: Counter[str] = Counter()
    keyed = []
    for entry in parsed.entries:
        key = _line_key(entry, parsed.reference)
        keyed.append(KeyedEntry(entry, key, seen[key]))
        seen[key] += 1
    return keyed


def _line_key(entry: ParsedEntry, statement_reference: str) -> str:
    common = f"{entry.booked_on.isoformat()}|{entry.amount_minor}|{int(entry.reversal)}"
    if entry.bank_reference:
        return f"{entry.bank_reference}|{common}"
    content = (statement_reference, common, entry.end_to_end_id, entry.remittance, entry.counterparty)
    return "sha256:" + hashlib.sha256(repr(content).encode()).hexdigest()[:32]


def account_of(
    uow: UnitOfWork, entity: identity.LegalEntityView, parsed: ParsedStatement | ParsedNotice
) -> BankAccount:
    """The account of the statement; opened (and audited) at its first one. Raises RejectedRow when it belongs to
    another legal entity."""
    account = uow.session.scalar(
        select(BankAccount).where(BankAccount.iban == parsed.iban, BankAccount.currency == parsed.currency)
    )
    if account is not None and account.entity_id != entity.id:
        raise RejectedRow("account_elsewhere", iban=parsed.iban)
    if account is None:
        named = parsed if isinstance(parsed, ParsedStatement) else None
        account = open_account(
            uow,
            entity,
            iban=parsed.iban,
            currency=parsed.currency,
            name=(named.owner if named else None) or entity.name,
            bic=named.bic if named else None,
        )
    return account


def open_account(
    uow: UnitOfWork, entity: identity.LegalEntityView, *, iban: str, currency: str, name: str, bic: str | None
) -> BankAccount:
    """A new account, audited."""
    account = BankAccount(entity_id=entity.id, iban=iban, currency=currency, name=name, bic=bic)
    uow.session.add(account)
    uow.session.flush()
    audit.record(
        uow,
        action="bank.account.opened",
        subject_type="bank_account",
        subject_id=account.id,
        entity_id=entity.id,
        after={"iban": account.iban, "currency": account.currency, "provider_pattern": account.provider_pattern},
    )
    return account


def _statement(uow: UnitOfWork, file: BankFile, account: BankAccount, parsed: ParsedStatement) -> BankStatement:
    stored = _stored_statement(uow, account, parsed)
    if stored is None:
        stored = BankStatement(
            entity_id=account.entity_id,
            account_id=account.id,
            file_id=file.id,
            format=parsed.format,
            reference=parsed.reference,
            page=parsed.page,
            last_page=parsed.last_page,
            sequence=parsed.sequence,
            first_day=parsed.first_day,
            last_day=parsed.last_day,
            opening_minor=parsed.opening_minor,
            closing_minor=parsed.closing_minor,
        )
        uow.session.add(stored)
        uow.session.flush()
        return stored
    for name in ("opening_minor", "closing_minor", "sequence"):
        before, now = getattr(stored, name), getattr(parsed, name)
        if name == "closing_minor" and parsed.format is StatementFormat.CSV and now is not None:
            before = None  # an export of an unfinished day goes on with the next one
        if before is not None and now is not None and before != now:
            raise RejectedRow(f"statement_changed_{name.removesuffix('_minor')}", reference=parsed.reference)
        setattr(stored, name, now if before is None else before)
    return stored


def _stored_statement(uow: UnitOfWork, account: BankAccount, parsed: ParsedStatement) -> BankStatement | None:
    """The statement imported before, under its name or delivered again under another one."""
    days = (BankStatement.account_id == account.id, BankStatement.last_day == parsed.last_day)
    by_name = uow.session.scalar(
        select(BankStatement).where(
            *days, BankStatement.reference == parsed.reference, BankStatement.page == parsed.page
        )
    )
    if by_name is not None or parsed.sequence is None:
        return by_name
    return uow.session.scalar(
        select(BankStatement).where(
            *days,
            BankStatement.sequence == parsed.sequence,
            BankStatement.page == parsed.page,
            BankStatement.opening_minor == parsed.opening_minor,
            BankStatement.closing_minor == parsed.closing_minor,
        )
    )


def _known_keys(uow: UnitOfWork, account_id: uuid.UUID, keys: list[str]) -> set[tuple[str, int]]:
    rows = uow.session.execute(
        select(BankLine.line_key, BankLine.occurrence).where(
            BankLine.account_id == account_id, BankLine.line_key == _any_of(set(keys))
        )
    )
    return {(row.line_key, row.occurrence) for row in rows}


def _any_of(values: Iterable[str]) -> CollectionAggregate[Any]:
    return any_(literal(list(values), ARRAY(String)))


def _insert_lines(uow: UnitOfWork, file_id: uuid.UUID, statement: BankStatement, values: list[dict[str, Any]]) -> None:
    place = {
        "entity_id": statement.entity_id,
        "account_id": statement.account_id,
        "statement_id": statement.id,
        "file_id": file_id,
    }
    names = _external_keys(uow, statement.account_id, values)
    rows = [line | place | {"id": new_id(), "ext_key": name} for line, name in zip(values, names, strict=True)]
    for start in range(0, len(rows), _PIECE):
        uow.session.execute(insert(BankLine), rows[start : start + _PIECE])


def _values(fresh: list[KeyedEntry], *, currency: str, time_zone: str) -> list[dict[str, Any]]:
    return [_line_values(item, time_zone) | {"currency": currency} for item in fresh]


def _line_values(item: KeyedEntry, time_zone: str) -> dict[str, Any]:
    entry = item.entry
    values = entry._asdict()
    del values["reversal"]
    status = LineStatus.REVERSED if entry.reversal else LineStatus.BOOKED
    return values | {
        "file_line": values.pop("line"),
        "booked_at": entry.booked_at or day_bounds(entry.booked_on, time_zone)[0],
        "details": list(entry.details),
        "line_key": item.line_key,
        "occurrence": item.occurrence,
        "status": LineStatus.RETURNED if entry.return_reason else status,
    }


def _external_keys(uow: UnitOfWork, account_id: uuid.UUID, lines: list[dict[str, Any]]) -> list[str]:
    """What each new line is called outside: the bank's reference, with `#2`, `#3` … where it is taken."""
    wanted = [line["bank_reference"] or line["line_key"].removeprefix("sha256:") for line in lines]
    counts = Counter(wanted)
    here = select(BankLine.ext_key).where(BankLine.account_id == account_id)
    taken = set(uow.session.scalars(here.where(BankLine.ext_key == _any_of(counts))))
    if disputed := [want for want, count in counts.items() if count > 1 or want in taken]:
        stem = func.regexp_replace(BankLine.ext_key, "#[0-9]+$", "")
        taken |= set(uow.session.scalars(here.where(stem == _any_of(disputed))))
    names = []
    for want in wanted:
        name, number = want, 1
        while name in taken:
            number += 1
            name = f"{want}#{number}"
        taken.add(name)
        names.append(name)
    return names


def _weigh(uow: UnitOfWork, statement: BankStatement) -> None:
    """Adds up the statement's lines as stored and says whether it proves its days."""
    total, count = uow.session.execute(
        select(func.coalesce(func.sum(BankLine.amount_minor), 0), func.count()).where(
            BankLine.statement_id == statement.id
        )
    ).one()
    statement.lines_minor, statement.line_count = int(total), count
    statement.problem = problem_of(statement.opening_minor, statement.lines_minor, statement.closing_minor)
    statement.complete = statement.problem is None
    uow.session.flush()
