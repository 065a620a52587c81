"""Backfills: release windows and freezes, planned starts, why one is held, the way back as an emergency."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261123_09_backfills"
down_revision = "20261123_08_reconciliation"
branch_labels = None
depends_on = None

_TIME = sa.TIMESTAMP(timezone=True)
_ADDED: tuple[tuple[str, sa.types.TypeEngine], ...] = (
    ("planned_for", _TIME),
    ("planned_by", sa.UUID()),
    ("planned_by_name", sa.String()),
    ("hold", JSONB()),
    ("baseline", JSONB()),
    ("emergency_by_name", sa.String()),
)


def upgrade() -> None:
    for name, kind in _ADDED:
        op.add_column("backfill", sa.Column(name, kind))
    op.add_column("backfill", sa.Column("follow_windows", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.drop_constraint(op.f("ck_backfill_pace_known"), "backfill")
    op.create_check_constraint(
        op.f("ck_backfill_pace_known"), "backfill", "pace IN ('slow', 'normal', 'fast', 'night')"
    )
    op.create_check_constraint(
        op.f("ck_backfill_planned_is_approved"), "backfill", "planned_for IS NULL OR state = 'approved'"
    )
    _windows()
    _freezes()


def downgrade() -> None:
    op.drop_table("release_freeze")
    op.drop_table("release_window")
    op.drop_constraint(op.f("ck_backfill_planned_is_approved"), "backfill")
    op.drop_constraint(op.f("ck_backfill_pace_known"), "backfill")
    op.execute("UPDATE backfill SET pace = 'slow' WHERE pace = 'night'")
    op.create_check_constraint(op.f("ck_backfill_pace_known"), "backfill", "pace IN ('slow', 'normal', 'fast')")
    op.drop_column("backfill", "follow_windows")
    for name, _ in reversed(_ADDED):
        op.drop_column("backfill", name)


def _windows() -> None:
    op.create_table(
        "release_window",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "entity_id", sa.UUID(), sa.ForeignKey("legal_entity.id", name="fk_release_window_entity_id_legal_entity")
        ),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("days", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("retired_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_release_window"),
        sa.CheckConstraint(
            "days <@ '{0,1,2,3,4,5,6}' AND cardinality(days) > 0", name=op.f("ck_release_window_days_of_week")
        ),
    )


def _freezes() -> None:
    op.create_table(
        "release_freeze",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column(
            "entity_id", sa.UUID(), sa.ForeignKey("legal_entity.id", name="fk_release_freeze_entity_id_legal_entity")
        ),
        sa.Column("starts_at", _TIME, nullable=False),
        sa.Column("ends_at", _TIME, nullable=False),
        sa.Column("created_by_name", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("lifted_at", _TIME),
        sa.Column("lifted_reason", sa.String()),
        sa.Column(
            "lift_request_id",
            sa.UUID(),
            sa.ForeignKey("approval_request.id", name="fk_release_freeze_lift_request_id_approval_request"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_release_freeze"),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_release_freeze_ends_after_start")),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_reason IS NULL)", name=op.f("ck_release_freeze_lifted_has_reason")
        ),
    )
    op.create_index("ix_release_freeze_ends_at", "release_freeze", ["ends_at"])
