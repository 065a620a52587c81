"""Tables of the bank."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.bank.vocabulary import DEFAULT_PROVIDER_PATTERN, LineStatus, StatementFormat, StatementProblem
from services.core.db import Base, one_of
from services.core.ids import new_id
from services.core.inbox import FileOrigin, FileStatus
from services.core.incoming import FileColumns, RejectionColumns

CHANGED_SEQ = Sequence("bank_line_changed_seq", metadata=Base.metadata)


class BankAccount(Base):
    """An account of a legal entity in one currency. A line whose counterparty matches `provider_pattern`
    (a regular expression, case-insensitive) is money of the payment provider and takes part in *payouts to bank*.

    `csv_mapping` reads its CSV exports, where the bank gives nothing better. After `closed_on` no statement is
    awaited."""

    __tablename__ = "bank_account"
    __table_args__ = (
        UniqueConstraint("iban", "currency"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
        Index(None, "entity_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    iban: Mapped[str]
    currency: Mapped[str]
    name: Mapped[str]
    bic: Mapped[str | None]
    provider_pattern: Mapped[str] = mapped_column(default=DEFAULT_PROVIDER_PATTERN)
    csv_mapping: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    closed_on: Mapped[dt.date | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class BankFile(FileColumns, Base):
    """A file that came in, with what was made of it. The same bytes are taken once per legal entity."""

    __tablename__ = "bank_file"
    __table_args__ = (
        UniqueConstraint("entity_id", "sha256"),
        one_of("status", FileStatus),
        one_of("origin", FileOrigin),
        Index(None, "imported_at"),
    )

    statements: Mapped[list[Any]] = mapped_column(JSONB, default=list)


class BankRejection(RejectionColumns, Base):
    """A row of a bank file that could not be taken."""

    __tablename__ = "bank_rejection"
    __table_args__ = (Index(None, "file_id", "line"),)

    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_file.id", ondelete="CASCADE"))


class BankStatement(Base):
    """A statement, or one page of it. It proves its days when opening + sum of its lines = closing."""

    __tablename__ = "bank_statement"
    __table_args__ = (
        UniqueConstraint("account_id", "reference", "page", "last_day"),
        one_of("problem", StatementProblem),
        one_of("format", StatementFormat),
        CheckConstraint("first_day <= last_day", name="days_in_order"),
        Index(None, "account_id", "last_day"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_account.id"))
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_file.id"))
    format: Mapped[str] = mapped_column(default=StatementFormat.CAMT_053)
    reference: Mapped[str]
    page: Mapped[int] = mapped_column(default=1)
    last_page: Mapped[bool] = mapped_column(default=True)
    sequence: Mapped[int | None]
    first_day: Mapped[dt.date]
    last_day: Mapped[dt.date]
    opening_minor: Mapped[int | None]
    closing_minor: Mapped[int | None]
    lines_minor: Mapped[int] = mapped_column(default=0)
    line_count: Mapped[int] = mapped_column(default=0)
    complete: Mapped[bool] = mapped_column(default=False)
    problem: Mapped[str | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class BankLine(Base):
    """A booked line. `amount_minor` is signed (credit positive) and, on a return, includes the charges.

    Identity is (account, line_key, occurrence): the bank's reference with day and amount, or a digest of the
    content where the bank gives none. `ext_key` is what other rooms call the line: the bank's reference.
    """

    __tablename__ = "bank_line"
    __table_args__ = (
        UniqueConstraint("account_id", "line_key", "occurrence"),
        UniqueConstraint("account_id", "ext_key"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
        one_of("status", LineStatus),
        Index(None, "account_id", "booked_on"),
        Index(None, "statement_id"),
        Index(None, "changed_seq"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_account.id"))
    statement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_statement.id"))
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_file.id"))
    file_line: Mapped[int]
    line_key: Mapped[str]
    occurrence: Mapped[int] = mapped_column(default=0)
    ext_key: Mapped[str]
    bank_reference: Mapped[str | None]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    charges_minor: Mapped[int | None]
    original_minor: Mapped[int | None]
    original_currency: Mapped[str | None]
    booked_on: Mapped[dt.date]
    booked_at: Mapped[dt.datetime]
    value_on: Mapped[dt.date | None]
    status: Mapped[str]
    return_reason: Mapped[str | None]
    transaction_code: Mapped[str | None]
    end_to_end_id: Mapped[str | None]
    mandate_id: Mapped[str | None]
    remittance: Mapped[str | None]
    counterparty: Mapped[str | None]
    counterparty_iban: Mapped[str | None]
    batch_reference: Mapped[str | None]
    batch_count: Mapped[int | None]
    details: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    changed_seq: Mapped[int] = mapped_column(server_default=CHANGED_SEQ.next_value())
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class BankAdvice(Base):
    """Details that a CAMT.054 gave for a booking. `line_id` is empty until a statement has brought the line."""

    __tablename__ = "bank_advice"
    __table_args__ = (
        UniqueConstraint("account_id", "advice_key"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
        Index(None, "file_id"),
        Index(None, "entity_id", postgresql_where=text("line_id IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_account.id"))
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank_file.id"))
    line_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("bank_line.id"))
    advice_key: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    booked_on: Mapped[dt.date]
    references: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    content: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
