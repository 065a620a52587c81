"""The audit log: append-only by grants and by triggers that always fire."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_02_audit"
down_revision = "20261121_01_core"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("recorded_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.UUID()),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("on_behalf_of", sa.String()),
        sa.Column("session_id", sa.UUID()),
        sa.Column("address", sa.String()),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("entity_id", sa.UUID()),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("before", postgresql.JSONB()),
        sa.Column("after", postgresql.JSONB()),
        sa.Column("reason", sa.String()),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("canonical", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(r"action ~ '^[a-z_]+\.[a-z_]+\.[a-z_]+$'", name="ck_audit_entry_action_grammar"),
    )
    op.create_index(
        "ix_audit_entry_subject_type_subject_id_recorded_at",
        "audit_entry",
        ["subject_type", "subject_id", "recorded_at"],
    )
    op.create_index("ix_audit_entry_actor_id_recorded_at", "audit_entry", ["actor_id", "recorded_at"])
    op.create_index("ix_audit_entry_recorded_at", "audit_entry", ["recorded_at"])
    op.execute(
        """
        CREATE FUNCTION audit_entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'audit_entry is append-only: % refused', TG_OP; END $$
        """
    )
    for name, when in (
        ("row", "BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW"),
        ("truncate", "BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT"),
    ):
        op.execute(f"CREATE TRIGGER audit_entry_{name} {when} EXECUTE FUNCTION audit_entry_is_append_only()")
        op.execute(f"ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_{name}")


def downgrade() -> None:
    op.drop_table("audit_entry")
    op.execute("DROP FUNCTION audit_entry_is_append_only()")
