"""Reading the bank."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ColumnElement, Select, String, case, cast, func, literal, null, select

from services.bank.errors import NoSuchBankRecord
from services.bank.models import BankAccount, BankFile, BankLine, BankRejection, BankStatement
from services.bank.views import (
    BankAccountView,
    BankFileView,
    StatementReport,
    StatementView,
)
from services.bank.vocabulary import CsvMapping, StatementFormat, StatementProblem
from services.core import incoming
from services.core.db import UnitOfWork
from services.core.inbox import FileMark, FileStatus
from services.core.incoming import RejectionView, file_fields, newest_files, rejections
from services.core.permissions import Permission


def line_entries(after_seq: int = 0) -> Select[*tuple[Any, ...]]:
    """Bank lines of the payment provider as reconciliation entries: one row per booked line, credits positive.

    A line takes part when its counterparty (or its text, where the bank names none) matches the account's
    `provider_pattern`. `reference` is the remittance text and the end-to-end id, blank-separated; `batch_ref`
    the reference of a collective booking. Only lines whose `changed_seq` is above `after_seq`.
    """
    reference = func.nullif(func.concat_ws(" ", BankLine.remittance, BankLine.end_to_end_id), "")
    return (
        select(
            BankLine.entity_id.label("entity_id"),
            BankAccount.iban.label("account"),
            BankLine.ext_key.label("ext_key"),
            BankLine.amount_minor.label("amount_minor"),
            BankLine.currency.label("currency"),
            cast(null(), BankLine.amount_minor.type).label("fee_minor"),
            BankLine.status.label("status"),
            BankLine.booked_at.label("occurred_at"),
            BankLine.booked_on.label("booked_on"),
            reference.label("reference"),
            case((BankLine.batch_count > 1, BankLine.batch_reference), else_=null()).label("batch_ref"),
            (cast(BankLine.file_id, String) + literal(":") + cast(BankLine.file_line, String)).label("origin"),
            BankLine.changed_seq.label("changed_seq"),
        )
        .join(BankAccount, BankAccount.id == BankLine.account_id)
        .where(BankLine.changed_seq > after_seq)
        .where(is_of_provider())
    )


def is_of_provider() -> ColumnElement[bool]:
    """Whether a line is money of the payment provider, by the account's pattern."""
    return func.coalesce(BankLine.counterparty, BankLine.remittance).op("~*")(BankAccount.provider_pattern)


def accounts(uow: UnitOfWork) -> list[BankAccountView]:
    """The bank accounts the reader may see, by IBAN and currency."""
    scope = uow.actor.scope(Permission.BANK_READ)
    rows = uow.session.scalars(
        select(BankAccount).where(scope.allows(BankAccount.entity_id)).order_by(BankAccount.iban, BankAccount.currency)
    )
    return [account_view(row) for row in rows]


def statements(uow: UnitOfWork, *, account_id: uuid.UUID, limit: int = 100) -> list[StatementView]:
    """The account's newest statements first."""
    account = seen_account(uow, account_id)
    rows = uow.session.scalars(
        select(BankStatement)
        .where(BankStatement.account_id == account.id)
        .order_by(BankStatement.last_day.desc(), BankStatement.sequence.desc(), BankStatement.page.desc())
        .limit(limit)
    )
    return [statement_view(row) for row in rows]


def files(
    uow: UnitOfWork, *, status: FileStatus | None = None, before: FileMark | None = None, limit: int = 50
) -> list[BankFileView]:
    """Files that came in, newest first; `before` marks the last one of the page above."""
    rows = newest_files(uow.session, _visible_files(uow), BankFile, status=status, before=before, limit=limit)
    return [file_view(row) for row in rows]


def file_hashes(uow: UnitOfWork, *, entity_id: uuid.UUID) -> list[tuple[str, str]]:
    """Name and SHA-256 of every file of an entity."""
    return incoming.file_hashes(uow.session, _visible_files(uow), BankFile, entity_id)


def file_report(uow: UnitOfWork, *, file_id: uuid.UUID) -> tuple[BankFileView, list[RejectionView]]:
    """A file's report and what was rejected of it (the first thousand), in the order of the file."""
    row = uow.session.scalar(_visible_files(uow).where(BankFile.id == file_id))
    if row is None:
        raise NoSuchBankRecord("There is no such file in the entities you may see.")
    return file_view(row), rejections(uow.session, BankRejection, BankRejection.file_id, row.id)


def file_view(row: BankFile, *, known: bool = False) -> BankFileView:
    return BankFileView(**file_fields(row, known=known), statements=tuple(_report(stored) for stored in row.statements))


def _visible_files(uow: UnitOfWork) -> Select[BankFile]:
    scope = uow.actor.scope(Permission.BANK_READ)
    return select(BankFile).where(scope.allows(BankFile.entity_id))


def _report(stored: dict[str, Any]) -> StatementReport:
    problem = stored["problem"]
    return StatementReport(
        **stored
        | {
            "first_day": dt.date.fromisoformat(stored["first_day"]),
            "last_day": dt.date.fromisoformat(stored["last_day"]),
            "problem": StatementProblem(problem) if problem else None,
        }
    )


def seen_account(uow: UnitOfWork, account_id: uuid.UUID) -> BankAccount:
    scope = uow.actor.scope(Permission.BANK_READ)
    account = uow.session.scalar(
        select(BankAccount).where(BankAccount.id == account_id, scope.allows(BankAccount.entity_id))
    )
    if account is None:
        raise NoSuchBankRecord("There is no such bank account in the entities you may see.")
    return account


def statement_view(row: BankStatement) -> StatementView:
    return StatementView(
        row.id,
        row.file_id,
        row.reference,
        row.page,
        row.sequence,
        row.first_day,
        row.last_day,
        row.opening_minor,
        row.closing_minor,
        row.lines_minor,
        row.line_count,
        row.complete,
        StatementProblem(row.problem) if row.problem else None,
        StatementFormat(row.format),
    )


def account_view(row: BankAccount) -> BankAccountView:
    return BankAccountView(
        row.id,
        row.entity_id,
        row.iban,
        row.currency,
        row.name,
        row.bic,
        row.provider_pattern,
        row.version,
        CsvMapping.model_validate(row.csv_mapping) if row.csv_mapping else None,
        row.closed_on,
    )
