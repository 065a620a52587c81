"""Messages waiting to go out by mail and chat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_02_notifications"
down_revision = "20261122_01_audit_tree"
branch_labels = None
depends_on = None


def _moment(name: str, *, now: bool = False, nullable: bool = False) -> sa.Column[object]:
    default = sa.func.now() if now else None
    return sa.Column(name, postgresql.TIMESTAMP(timezone=True), server_default=default, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "notification",
        sa.Column("id", sa.UUID(), nullable=False),
        _moment("created_at", now=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("entity_id", postgresql.UUID(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=True),
        sa.Column("secret", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("dedup_key", sa.String(), nullable=True),
        sa.Column("state", sa.String(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        _moment("next_attempt_at", now=True),
        _moment("settled_at", nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint("channel IN ('mail', 'chat')", name=op.f("ck_notification_channel_known")),
        sa.CheckConstraint("state IN ('queued', 'sent', 'dead', 'skipped')", name=op.f("ck_notification_state_known")),
        sa.CheckConstraint("(state = 'queued') = (settled_at IS NULL)", name=op.f("ck_notification_settled_has_time")),
        sa.CheckConstraint("content IS NOT NULL OR state <> 'queued'", name=op.f("ck_notification_queued_has_content")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_notification_dedup_key")),
    )
    op.create_index(
        "ix_notification_due", "notification", ["next_attempt_at"], postgresql_where=sa.text("state = 'queued'")
    )
    op.create_index("ix_notification_state_id", "notification", ["state", "id"])


def downgrade() -> None:
    op.drop_table("notification")
