"""Tables of the books."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Sequence,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.books.vocabulary import Expectation
from services.core.db import Base, one_of
from services.core.ids import new_id
from services.core.inbox import FileOrigin, FileStatus
from services.core.incoming import FileColumns, RejectionColumns

CHANGED_SEQ = Sequence("ledger_entry_changed_seq", metadata=Base.metadata)
VOUCHER_SEQ = Sequence("voucher_changed_seq", metadata=Base.metadata)


class LedgerSource(Base):
    """A ledger of a legal entity. `mapping_version` names the mapping that reads its next file; `expects` says for
    which days it has to deliver."""

    __tablename__ = "ledger_source"
    __table_args__ = (UniqueConstraint("entity_id", "code"), one_of("expects", Expectation))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    code: Mapped[str]
    name: Mapped[str]
    mapping_version: Mapped[int] = mapped_column(default=1)
    expects: Mapped[str] = mapped_column(default=Expectation.EVERY_DAY)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class LedgerMapping(Base):
    """How the columns of a file are read. Never edited: a change is the next version."""

    __tablename__ = "ledger_mapping"

    source_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_source.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mapping: Mapped[dict[str, Any]]
    created_by: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class LedgerFile(FileColumns, Base):
    """A file that came in, with what was made of it. The same bytes are read once per mapping version."""

    __tablename__ = "ledger_file"
    __table_args__ = (
        UniqueConstraint("source_id", "sha256", "mapping_version"),
        one_of("status", FileStatus),
        one_of("origin", FileOrigin),
        Index(None, "imported_at"),
    )

    source_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_source.id"))
    mapping_version: Mapped[int]
    rows_changed: Mapped[int] = mapped_column(default=0)


class LedgerDay(Base):
    """A day for which a file of a ledger speaks: named by the file, or by its rows."""

    __tablename__ = "ledger_day"
    __table_args__ = (Index(None, "source_id", "day"),)

    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_file.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    source_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_source.id"))


class LedgerQuery(Base):
    """How a ledger is read from a database: which one (named in the settings), the query, and its limits."""

    __tablename__ = "ledger_query"

    source_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_source.id"), primary_key=True)
    database: Mapped[str]
    statement: Mapped[str]
    timeout_seconds: Mapped[int]
    row_cap: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    changed_by: Mapped[str]
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class LedgerRejection(RejectionColumns, Base):
    """A row of a ledger file that could not be taken."""

    __tablename__ = "ledger_rejection"
    __table_args__ = (Index(None, "file_id", "line"),)

    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_file.id", ondelete="CASCADE"))


class LedgerEntry(Base):
    """A line of the books. `entry_key` is `<reference>:<type>`; a second line of the same key has occurrence 1.

    Identity is (source, entry_ref, repeat): the books' own id of the line, or its key where the file has none,
    and the how-manieth time it stands in one file. `amount_minor` is signed and gross, `fee_minor` positive.
    `file_id` and `line` say where the line was first seen and never change.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("source_id", "entry_ref", "repeat"),
        UniqueConstraint("source_id", "entry_key", "occurrence"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
        Index(None, "changed_seq"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    source_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_source.id"))
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ledger_file.id"))
    line: Mapped[int]
    entry_ref: Mapped[str] = mapped_column(String(collation="C"))
    repeat: Mapped[int] = mapped_column(Integer, default=0)
    entry_key: Mapped[str] = mapped_column(String(collation="C"))
    occurrence: Mapped[int] = mapped_column(Integer, default=0)
    reference: Mapped[str]
    type: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    fee_minor: Mapped[int | None]
    status: Mapped[str]
    posted_at: Mapped[dt.datetime]
    booked_on: Mapped[dt.date]
    customer: Mapped[str | None]
    invoice: Mapped[str | None]
    payout: Mapped[str | None]
    changed_seq: Mapped[int] = mapped_column(server_default=CHANGED_SEQ.next_value())


class Voucher(Base):
    """A voucher of a bookkeeping service, as it stood when it last changed; amounts unsigned, `kind` says whose."""

    __tablename__ = "voucher"
    __table_args__ = (
        UniqueConstraint("entity_id", "provider", "external_id"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
        Index(None, "entity_id", "voucher_on"),
        Index(None, "changed_seq"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    provider: Mapped[str]
    external_id: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str]
    number: Mapped[str]
    voucher_on: Mapped[dt.date]
    voucher_at: Mapped[dt.datetime]
    due_on: Mapped[dt.date | None]
    contact: Mapped[str | None]
    total_minor: Mapped[int]
    open_minor: Mapped[int | None]
    currency: Mapped[str]
    archived: Mapped[bool]
    updated_at: Mapped[dt.datetime]
    changed_seq: Mapped[int] = mapped_column(server_default=VOUCHER_SEQ.next_value())
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class VoucherMonth(Base):
    """A month of an entity's books beside its vouchers, and when it was added up; `stale` asks for it again."""

    __tablename__ = "voucher_month"
    __table_args__ = (CheckConstraint("extract(day FROM first_day) = 1", name="begins_with_a_month"),)

    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"), primary_key=True)
    first_day: Mapped[dt.date] = mapped_column(primary_key=True)
    stale: Mapped[bool] = mapped_column(server_default=text("true"))
    rolled_at: Mapped[dt.datetime | None]


class VoucherMonthPart(Base):
    """What a month comes to in one currency: `booked` and `issued` are the two sides, the other parts add up to the
    one less the other."""

    __tablename__ = "voucher_month_part"

    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"), primary_key=True)
    first_day: Mapped[dt.date] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    items: Mapped[int]
    minor: Mapped[int]


class VoucherMonthItem(Base):
    """One invoice's number that books and vouchers of a month tell differently; NULL where one side has nothing."""

    __tablename__ = "voucher_month_item"
    __table_args__ = (
        Index("ix_voucher_month_item_place", "entity_id", "first_day", "part", "currency"),
        Index(None, "entity_id", "number"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    first_day: Mapped[dt.date]
    part: Mapped[str]
    currency: Mapped[str]
    number: Mapped[str]
    booked_minor: Mapped[int | None]
    issued_minor: Mapped[int | None]
    minor: Mapped[int]


class VoucherSync(Base):
    """How far an entity's bookkeeping was read: the next run asks for what changed on or after `synced_through`."""

    __tablename__ = "voucher_sync"

    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"), primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    synced_through: Mapped[dt.date]
    synced_at: Mapped[dt.datetime]
