"""Legal entities, people, sessions and rights."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_03_identity"
down_revision = "20261121_02_audit"
branch_labels = None
depends_on = None

_TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "legal_entity",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("code", name="uq_legal_entity_code"),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9-]{1,30}$'", name="ck_legal_entity_code_form"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="ck_legal_entity_currency_form"),
    )

    op.create_table(
        "user_account",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String()),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("theme", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("last_sign_in_at", _TIME),
        sa.Column("deactivated_at", _TIME),
        sa.UniqueConstraint("email", name="uq_user_account_email"),
        sa.CheckConstraint("email = lower(email)", name="ck_user_account_email_lower"),
        sa.CheckConstraint("locale IN ('en', 'de')", name="ck_user_account_locale"),
        sa.CheckConstraint("theme IN ('system', 'light', 'dark')", name="ck_user_account_theme"),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("user_id", sa.UUID(), sa.ForeignKey("user_account.id"), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("entity_id", sa.UUID(), sa.ForeignKey("legal_entity.id")),
        sa.Column("granted_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("granted_by", sa.UUID(), sa.ForeignKey("user_account.id")),
        sa.UniqueConstraint(
            "user_id",
            "role",
            "entity_id",
            name="uq_role_grant_user_id_role_entity_id",
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint("role IN ('finance', 'ops', 'dev', 'auditor', 'admin')", name="ck_role_grant_role"),
    )
    op.create_table(
        "user_session",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("user_id", sa.UUID(), sa.ForeignKey("user_account.id"), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("last_seen_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("idle_seconds", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("revoked_at", _TIME),
        sa.Column("address", sa.String()),
        sa.Column("user_agent", sa.String()),
        sa.Column("chosen_entities", postgresql.ARRAY(sa.UUID())),
        sa.UniqueConstraint("secret_hash", name="uq_user_session_secret_hash"),
    )
    op.create_index("ix_user_session_user_id_created_at", "user_session", ["user_id", "created_at"])
    op.create_table(
        "sign_in_throttle",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("last_failure_at", _TIME, nullable=False),
        sa.Column("locked_until", _TIME),
    )


def downgrade() -> None:
    for table in ("sign_in_throttle", "user_session", "role_grant", "user_account", "legal_entity"):
        op.drop_table(table)
