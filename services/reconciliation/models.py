"""Tables of reconciliation. Entries and findings are written set-based, never through these classes."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base
from services.core.ids import new_id

_C = String(collation="C")
_INCLUDED = ("amount_minor", "fee_minor", "currency_code", "status_code", "occurred_at", "booked_on")
_CURRENCY_CODE = "ascii(currency) * 65536 + ascii(substr(currency, 2, 1)) * 256 + ascii(substr(currency, 3, 1))"


class Source(Base):
    """One feed of one legal entity (`books`, `stripe`, …) and how far its rows were taken in.

    `whole` asks the next refresh for everything, so that entries the feed no longer has are taken back. `all_dirty`
    asks the next run to compare everything, since too much changed to note it key by key.
    """

    __tablename__ = "recon_source"
    __table_args__ = (
        UniqueConstraint("entity_id", "kind"),
        CheckConstraint("kind IN ('books', 'stripe', 'stripe_payouts', 'bank')", name="kind"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, Identity(), primary_key=True)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    kind: Mapped[str]
    watermark: Mapped[int] = mapped_column(server_default=text("0"))
    refreshed_at: Mapped[dt.datetime | None]
    whole: Mapped[bool] = mapped_column(server_default=text("false"))
    all_dirty: Mapped[bool] = mapped_column(server_default=text("true"))


class Entry(Base):
    """One record of one side. The primary key covers what the join reads, so a run never touches the heap.

    `currency_code` and `status_code` are the texts as numbers, which the join compares at half the cost.
    `late_from` is the day an entry belongs to by its source, where that day was closed when it came.
    """

    __tablename__ = "recon_entry"
    __table_args__ = (
        PrimaryKeyConstraint("source_id", "ext_key", "occurrence", postgresql_include=_INCLUDED),
        CheckConstraint("occurrence >= 0", name="occurrence_counts_from_zero"),
        Index(None, "booked_on", postgresql_using="brin"),
        Index("ix_recon_entry_repeated", "source_id", "ext_key", postgresql_where=text("occurrence > 0")),
        {"postgresql_partition_by": "HASH (ext_key)"},
    )

    source_id: Mapped[int] = mapped_column(SmallInteger)
    ext_key: Mapped[str] = mapped_column(_C)
    occurrence: Mapped[int] = mapped_column(SmallInteger)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(_C)
    fee_minor: Mapped[int | None]
    status: Mapped[str] = mapped_column(_C)
    occurred_at: Mapped[dt.datetime]
    booked_on: Mapped[dt.date]
    reference: Mapped[str | None]
    batch_ref: Mapped[str | None]
    origin: Mapped[str]
    account: Mapped[str]
    changed_seq: Mapped[int]
    currency_code: Mapped[int] = mapped_column(Integer, Computed(_CURRENCY_CODE, persisted=True))
    status_code: Mapped[int] = mapped_column(Computed("hashtextextended(status, 0)", persisted=True))
    late_from: Mapped[dt.date | None]


class Status(Base):
    """The text of each `status_code` there is."""

    __tablename__ = "recon_status"

    code: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(_C)


class Dirty(Base):
    """A key that changed since the last run looked at it; written by the statement that writes entries.

    With it stands what its entry of occurrence 0 says since, so that a run need not look that up. Without `booked_on`
    none of it is known.
    """

    __tablename__ = "recon_dirty"
    __table_args__ = (PrimaryKeyConstraint("source_id", "ext_key"),)

    source_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("recon_source.id"))
    ext_key: Mapped[str] = mapped_column(_C)
    amount_minor: Mapped[int | None]
    fee_minor: Mapped[int | None]
    currency_code: Mapped[int | None] = mapped_column(Integer)
    status_code: Mapped[int | None]
    occurred_at: Mapped[dt.datetime | None]
    booked_on: Mapped[dt.date | None]


class EntryTotal(Base):
    """Entries and sum per source, business day and currency, kept exact by the transaction that writes entries.

    Its source and its form of a currency hold for the entries too, which have no check of their own for each row.
    """

    __tablename__ = "recon_entry_total"
    __table_args__ = (
        PrimaryKeyConstraint("source_id", "booked_on", "currency"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
    )

    source_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("recon_source.id"))
    booked_on: Mapped[dt.date]
    currency: Mapped[str] = mapped_column(_C)
    entries: Mapped[int]
    amount_minor: Mapped[int]


class RuleSet(Base):
    """The parameters of a definition's rules, one row a version, never changed afterwards."""

    __tablename__ = "recon_rule_set"
    __table_args__ = (
        PrimaryKeyConstraint("definition", "version"),
        CheckConstraint("definition IN ('settlement', 'payouts')", name="definition"),
    )

    definition: Mapped[str]
    version: Mapped[int]
    parameters: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    note: Mapped[str | None]
    author: Mapped[str | None]
    request_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("approval_consumption.request_id"))


class Definition(Base):
    """What is compared with what, under which version of the rules, and the deviation that is still acceptable."""

    __tablename__ = "recon_definition"
    __table_args__ = (
        ForeignKeyConstraint(["code", "rule_version"], ["recon_rule_set.definition", "recon_rule_set.version"]),
        CheckConstraint("limit_ppm BETWEEN 0 AND 1000000", name="limit_in_range"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    left_kind: Mapped[str]
    right_kind: Mapped[str]
    rule_version: Mapped[int]
    limit_ppm: Mapped[int]


class ReconciliationRun(Base):
    """A finished comparison of one definition in one legal entity up to and including `through`. Append-only.

    `looked_at` counts the keys an incremental run compared again; it is empty for one that compared everything.
    `fingerprint` adds up the hashes of its findings, so that an incremental run can carry it on.
    """

    __tablename__ = "recon_run"
    __table_args__ = (
        UniqueConstraint("seq"),
        UniqueConstraint("id", "started_by"),
        ForeignKeyConstraint(["definition", "rule_version"], ["recon_rule_set.definition", "recon_rule_set.version"]),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest_form"),
        Index(None, "entity_id", "definition", "through", "seq"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    seq: Mapped[int] = mapped_column(BigInteger, Identity())
    definition: Mapped[str] = mapped_column(ForeignKey("recon_definition.code"))
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    through: Mapped[dt.date]
    rule_version: Mapped[int]
    limit_ppm: Mapped[int]
    job_run_id: Mapped[uuid.UUID | None]
    started_by: Mapped[uuid.UUID]
    started_by_name: Mapped[str]
    started_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime]
    data_as_of: Mapped[dt.datetime]
    entries_left: Mapped[int]
    entries_right: Mapped[int]
    matched: Mapped[int]
    breaks: Mapped[int]
    new_breaks: Mapped[int]
    closed_breaks: Mapped[int]
    expected: Mapped[int]
    class_counts: Mapped[dict[str, Any]]
    rule_counts: Mapped[dict[str, Any]]
    deviation_ppm: Mapped[int]
    inputs: Mapped[dict[str, Any]]
    digest: Mapped[str]
    fingerprint: Mapped[str | None]
    looked_at: Mapped[int | None]


class Total(Base):
    """A run's sums per currency, for everything up to its day (`all`) and for the day alone (`day`)."""

    __tablename__ = "recon_total"
    __table_args__ = (
        PrimaryKeyConstraint("run_id", "span", "currency"),
        CheckConstraint("span IN ('all', 'day')", name="span"),
    )

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recon_run.id"))
    span: Mapped[str]
    currency: Mapped[str]
    left_entries: Mapped[int]
    left_minor: Mapped[int]
    right_entries: Mapped[int]
    right_minor: Mapped[int]
    open_minor: Mapped[int]
    deviation_ppm: Mapped[int]


class Expected(Base):
    """An entry without counterpart that nobody need look at yet: its other side is not due, or came a day later."""

    __tablename__ = "recon_expected"
    __table_args__ = (
        PrimaryKeyConstraint("run_id", "side", "ext_key", "occurrence"),
        CheckConstraint("side IN ('left', 'right')", name="side"),
    )

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recon_run.id"))
    side: Mapped[str]
    ext_key: Mapped[str] = mapped_column(_C)
    occurrence: Mapped[int] = mapped_column(SmallInteger)
    amount_minor: Mapped[int]
    currency: Mapped[str]
    booked_on: Mapped[dt.date]
    why: Mapped[str]


class Signature(Base):
    """One person's name under a run. The database refuses the starter's own (composite key and CHECK)."""

    __tablename__ = "recon_signature"
    __table_args__ = (
        ForeignKeyConstraint(["run_id", "started_by"], ["recon_run.id", "recon_run.started_by"]),
        CheckConstraint("signed_by <> started_by", name="second_person"),
        CheckConstraint("signed_by <> '00000000-0000-0000-0000-000000000000'", name="by_a_person"),
        CheckConstraint("NOT over_limit OR length(btrim(coalesce(reason, ''))) >= 8", name="reason_above_limit"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest_form"),
    )

    run_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    started_by: Mapped[uuid.UUID]
    signed_by: Mapped[uuid.UUID]
    signed_by_name: Mapped[str]
    signed_at: Mapped[dt.datetime]
    over_limit: Mapped[bool]
    reason: Mapped[str | None]
    statement: Mapped[dict[str, Any]]
    digest: Mapped[str]
    request_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("approval_consumption.request_id"))


class _Finding:
    """What a run found about one break. `*_value` holds the field its class is about (fee, status or time)."""

    subject_key: Mapped[str] = mapped_column(_C)
    occurrence: Mapped[int] = mapped_column(SmallInteger)
    break_class: Mapped[str]
    left_key: Mapped[str | None]
    left_minor: Mapped[int | None]
    left_currency: Mapped[str | None]
    left_value: Mapped[str | None]
    right_key: Mapped[str | None]
    right_minor: Mapped[int | None]
    right_currency: Mapped[str | None]
    right_value: Mapped[str | None]
    delta_minor: Mapped[int]
    currency: Mapped[str]
    booked_on: Mapped[dt.date]


class Break(_Finding, Base):
    """A disagreement with a number of its own that lives over runs, and the work people do on it.

    Present in run `seq` when `since_seq <= seq` and `closed_seq` is empty or later; older facts of the same
    break stand in `BreakVersion`. The entity is that of the run that found it; a foreign key of its own would be
    checked row by row and cost a third of a first run. A break's key is looked up through Bloom filters, which cost a
    run nothing, where a B-tree would cost as much as the row; that it stands once is kept by the run, which holds the
    lock of its definition and entity. Breaks are never deleted.
    """

    __tablename__ = "recon_break"
    __table_args__ = (
        Index(
            None,
            "subject_key",
            postgresql_using="brin",
            postgresql_ops={"subject_key": "text_bloom_ops"},
            postgresql_with={"pages_per_range": 16},
        ),
        Index(
            "ix_recon_break_resolved",
            "entity_id",
            "definition",
            postgresql_where=text("state = 'resolved' AND closed_seq IS NULL"),
        ),
        CheckConstraint(
            "break_class IN ('missing_left', 'missing_right', 'amount', 'currency', 'status', 'fee', 'duplicate', "
            "'timing', 'fx', 'reference')",
            name="break_class",
        ),
        CheckConstraint(
            "state = 'open' AND resolution IS NULL AND closed_seq IS NULL "
            "OR state IN ('in_work', 'proposed') AND resolution IS NULL AND closed_seq IS NULL "
            "OR state = 'resolved' AND resolution IS NOT NULL",
            name="state",
        ),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(start=10001, cache=20), primary_key=True)
    entity_id: Mapped[uuid.UUID]
    definition: Mapped[str]
    first_seq: Mapped[int]
    since_seq: Mapped[int]
    closed_seq: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default="open")
    assigned_to: Mapped[uuid.UUID | None]
    assigned_name: Mapped[str | None]
    resolution: Mapped[str | None]
    resolved_reason: Mapped[str | None]
    resolved_by: Mapped[uuid.UUID | None]
    resolved_by_name: Mapped[str | None]
    resolved_at: Mapped[dt.datetime | None]
    reopened: Mapped[int] = mapped_column(server_default=text("0"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    explained_by: Mapped[str | None]
    proposal_id: Mapped[uuid.UUID | None]
    proposed_by_name: Mapped[str | None]


class BreakVersion(_Finding, Base):
    """What runs `since_seq` up to but excluding `until_seq` had found about a break before it changed. Append-only."""

    __tablename__ = "recon_break_version"
    __table_args__ = (PrimaryKeyConstraint("number", "since_seq"),)

    number: Mapped[int] = mapped_column(BigInteger, ForeignKey("recon_break.number"))
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    definition: Mapped[str]
    since_seq: Mapped[int]
    until_seq: Mapped[int]


class Comment(Base):
    """A line in a break's story: a remark, or a step of the work. Append-only."""

    __tablename__ = "recon_comment"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('comment', 'assigned', 'unassigned', 'in_work', 'proposed', 'resolved', 'reopened')", name="kind"
        ),
        CheckConstraint("length(body) <= 4000", name="body_length"),
        Index(None, "number", "written_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(ForeignKey("recon_break.number"))
    kind: Mapped[str]
    body: Mapped[str]
    author_id: Mapped[uuid.UUID | None]
    author_name: Mapped[str]
    written_at: Mapped[dt.datetime]
