"""Second factors, single sign-on, keys, custom roles and access reviews."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_03_identity"
down_revision = "20261122_02_notifications"
branch_labels = None
depends_on = None


_TIME = sa.TIMESTAMP(timezone=True)


_ROLES = ("finance", "ops", "dev", "auditor", "admin")
_TABLES = (
    "access_review_item",
    "access_review",
    "api_key",
    "foreign_sign_in",
    "foreign_account",
    "recovery_code",
    "passkey_challenge",
    "passkey",
    "totp_factor",
    "one_time_link",
    "former_password",
    "rate_window",
)


def upgrade() -> None:
    op.add_column("user_account", sa.Column("password_changed_at", _TIME))
    _sessions()
    _roles()
    _passwords()
    _factors()
    _foreign()
    _keys()
    _reviews()
    op.create_table(
        "rate_window",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        prefixes=["UNLOGGED"],
    )


def _sessions() -> None:
    op.add_column("user_session", sa.Column("stage", sa.String(), nullable=False, server_default="open"))
    op.add_column("user_session", sa.Column("proved_at", _TIME))
    op.add_column("user_session", sa.Column("renew_at", _TIME))
    op.add_column("user_session", sa.Column("impersonator_id", sa.UUID(), sa.ForeignKey("user_account.id")))
    op.add_column("user_session", sa.Column("impersonation_reason", sa.String()))
    op.create_check_constraint("stage", "user_session", "stage IN ('open', 'factor', 'enrolment')")
    op.create_check_constraint(
        "impersonation", "user_session", "(impersonator_id IS NULL) = (impersonation_reason IS NULL)"
    )


def _roles() -> None:
    roles = op.create_table(
        "role_definition",
        sa.Column("code", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("built_in", sa.Boolean(), nullable=False),
        sa.Column("permissions", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("conditions", postgresql.JSONB(), nullable=False),
        sa.Column("second_factor", sa.Boolean()),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", _TIME),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9_-]{1,39}$'", name="code_form"),
        sa.CheckConstraint("NOT built_in OR permissions = '{}'", name="built_in_rights"),
    )
    op.bulk_insert(
        roles,
        [
            {
                "code": code,
                "name": code.title(),
                "built_in": True,
                "permissions": [],
                "conditions": {},
                "version": 1,
            }
            for code in _ROLES
        ],
    )
    # The name got its prefix twice when the table was made.
    op.drop_constraint(op.f("ck_role_grant_ck_role_grant_role"), "role_grant")
    op.create_foreign_key("fk_role_grant_role_role_definition", "role_grant", "role_definition", ["role"], ["code"])


def _passwords() -> None:
    op.create_table(
        "former_password",
        sa.Column("id", sa.UUID(), primary_key=True),
        _user(),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("replaced_at", _TIME, nullable=False, server_default=sa.func.clock_timestamp()),
    )
    op.create_index("ix_former_password_user_id_replaced_at", "former_password", ["user_id", "replaced_at"])
    op.create_table(
        "one_time_link",
        sa.Column("id", sa.UUID(), primary_key=True),
        _user(),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME),
        sa.UniqueConstraint("secret_hash", name="uq_one_time_link_secret_hash"),
        sa.CheckConstraint("purpose IN ('invitation', 'reset')", name="purpose"),
    )
    op.create_index("ix_one_time_link_user_id", "one_time_link", ["user_id"])


def _factors() -> None:
    op.create_table(
        "totp_factor",
        sa.Column("id", sa.UUID(), primary_key=True),
        _user(),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger()),
        sa.Column("created_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("confirmed_at", _TIME),
        sa.Column("last_used_at", _TIME),
    )
    op.create_index("ix_totp_factor_user_id", "totp_factor", ["user_id"])
    op.create_table(
        "passkey",
        sa.Column("id", sa.UUID(), primary_key=True),
        _user(),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("created_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("last_used_at", _TIME),
        sa.UniqueConstraint("credential_id", name="uq_passkey_credential_id"),
    )
    op.create_index("ix_passkey_user_id", "passkey", ["user_id"])
    op.create_table(
        "passkey_challenge",
        sa.Column("session_id", sa.UUID(), sa.ForeignKey("user_session.id"), primary_key=True),
        sa.Column("purpose", sa.String(), primary_key=True),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.UUID(), primary_key=True),
        _user(),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", _TIME),
        sa.UniqueConstraint("user_id", "code_hash", name="uq_recovery_code_user_id_code_hash"),
    )


def _foreign() -> None:
    op.create_table(
        "foreign_account",
        sa.Column("id", sa.UUID(), primary_key=True),
        _user(),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("linked_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("issuer", "subject", name="uq_foreign_account_issuer_subject"),
        sa.UniqueConstraint("issuer", "user_id", name="uq_foreign_account_issuer_user_id"),
    )
    op.create_table(
        "foreign_sign_in",
        sa.Column("state_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=False),
        sa.Column("next_page", sa.String(), nullable=False),
        sa.Column("proves_session", sa.UUID(), sa.ForeignKey("user_session.id")),
        sa.Column("expires_at", _TIME, nullable=False),
    )


def _keys() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.UUID(), primary_key=True),
        _user(),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("entities", postgresql.ARRAY(sa.UUID())),
        sa.Column("created_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("last_used_at", _TIME),
        sa.Column("last_address", sa.String()),
        sa.Column("revoked_at", _TIME),
        sa.Column("replaces_id", sa.UUID(), sa.ForeignKey("api_key.id")),
        sa.UniqueConstraint("secret_hash", name="uq_api_key_secret_hash"),
    )
    op.create_index("ix_api_key_user_id_created_at", "api_key", ["user_id", "created_at"])


def _reviews() -> None:
    op.create_table(
        "access_review",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("started_by", sa.UUID(), sa.ForeignKey("user_account.id")),
        sa.Column("started_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("closed_at", _TIME),
    )
    op.create_table(
        "access_review_item",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("review_id", sa.UUID(), sa.ForeignKey("access_review.id"), nullable=False),
        _user(),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("entity_id", sa.UUID(), sa.ForeignKey("legal_entity.id")),
        sa.Column("reviewer_id", sa.UUID(), sa.ForeignKey("user_account.id")),
        sa.Column("decision", sa.String()),
        sa.Column("decided_by", sa.UUID(), sa.ForeignKey("user_account.id")),
        sa.Column("decided_at", _TIME),
        sa.Column("note", sa.String()),
        sa.UniqueConstraint(
            "review_id",
            "user_id",
            "role",
            "entity_id",
            name="uq_access_review_item_review_id_user_id_role_entity_id",
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint("decision IN ('keep', 'remove')", name="decision"),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided"),
        sa.CheckConstraint("reviewer_id <> user_id", name="reviewer"),
        sa.CheckConstraint("decided_by <> user_id", name="decider"),
    )


def _user() -> sa.Column[Any]:
    return sa.Column("user_id", sa.UUID(), sa.ForeignKey("user_account.id"), nullable=False)


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.drop_constraint("fk_role_grant_role_role_definition", "role_grant")
    known = ", ".join(f"'{code}'" for code in _ROLES)
    op.execute(f"DELETE FROM role_grant WHERE role NOT IN ({known})")  # noqa: S608 - constants of this file
    op.create_check_constraint("ck_role_grant_role", "role_grant", f"role IN ({known})")
    op.drop_table("role_definition")
    for column in ("impersonation_reason", "impersonator_id", "renew_at", "proved_at", "stage"):
        op.drop_column("user_session", column)
    op.drop_column("user_account", "password_changed_at")
