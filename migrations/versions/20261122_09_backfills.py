"""Backfills, and the first columns that one of them fills: what a payment brought, in the settlement currency."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_09_backfills"
down_revision = "20261122_08_reconciliation"
branch_labels = None
depends_on = None

_SCHEMA, _APPLICATION = "kontor_backfill", "kontor_app"
_TIME = sa.TIMESTAMP(timezone=True)
_WAITING = "'draft', 'dry_running', 'dry_run_ready', 'awaiting_approval', 'approved', 'discarded'"
_STARTED = (
    "'running', 'paused', 'cancelled', 'failed', 'verifying', 'awaiting_finance_signoff', 'rejected', 'signed_off',"
    " 'rolling_back', 'rolled_back', 'rolled_back_with_conflicts'"
)


def upgrade() -> None:
    op.create_table(
        "backfill",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("definition_version", sa.BigInteger(), nullable=False),
        sa.Column("params", JSONB(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("problem", sa.String()),
        sa.Column("created_by", sa.UUID()),
        sa.Column("created_by_name", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("dry_run", JSONB()),
        sa.Column("request_id", sa.UUID(), _to("request_id", "approval_request.id")),
        sa.Column("consumed_request_id", sa.UUID(), _to("consumed_request_id", "approval_consumption.request_id")),
        sa.Column("plan", JSONB()),
        sa.Column("run_id", sa.UUID(), _to("run_id", "run.id")),
        sa.Column("pace", sa.String(), nullable=False),
        sa.Column("throttle", JSONB()),
        sa.Column("started_by", sa.UUID()),
        sa.Column("started_by_name", sa.String()),
        sa.Column("started_at", _TIME),
        sa.Column("changed_at", _TIME),
        sa.Column("verification", JSONB()),
        sa.Column("signoff_request_id", sa.UUID(), _to("signoff_request_id", "approval_request.id")),
        sa.Column("signed_by_name", sa.String()),
        sa.Column("undo_reason", sa.String()),
        sa.Column("undo_request_id", sa.UUID(), _to("undo_request_id", "approval_request.id")),
        sa.Column("ended_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_backfill"),
        sa.UniqueConstraint("number", name="uq_backfill_number"),
        sa.UniqueConstraint("consumed_request_id", name="uq_backfill_consumed_request_id"),
        sa.CheckConstraint(f"state IN ({_WAITING}, {_STARTED})", name=op.f("ck_backfill_state_known")),
        sa.CheckConstraint("pace IN ('slow', 'normal', 'fast')", name=op.f("ck_backfill_pace_known")),
        sa.CheckConstraint(
            f"(state IN ({_WAITING})) = (consumed_request_id IS NULL)", name=op.f("ck_backfill_started_was_approved")
        ),
    )
    op.create_index("ix_backfill_state_id", "backfill", ["state", "id"])
    op.add_column("payment", sa.Column("net_minor", sa.BigInteger()))
    op.add_column("payment", sa.Column("settlement_currency", sa.String()))
    # Before-images have the types of their target, so their tables are made when a backfill starts.
    op.execute(f"CREATE SCHEMA {_SCHEMA}")
    op.execute(f"GRANT USAGE, CREATE ON SCHEMA {_SCHEMA} TO {_APPLICATION}")


def downgrade() -> None:
    op.execute(f"DROP SCHEMA {_SCHEMA} CASCADE")
    op.drop_column("payment", "settlement_currency")
    op.drop_column("payment", "net_minor")
    op.drop_table("backfill")


def _to(column: str, place: str) -> sa.ForeignKey:
    return sa.ForeignKey(place, name=f"fk_backfill_{column}_{place.split('.', maxsplit=1)[0]}")
