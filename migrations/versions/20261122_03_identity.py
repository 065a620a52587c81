"""Second factors, single sign-on, keys, custom roles and access reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261122_03_identity"
down_revision = "20261122_02_notifications"
branch_labels = None
depends_on = None


_TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    _sessions()


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


def downgrade() -> None:
    for column in ("impersonation_reason", "impersonator_id", "renew_at", "proved_at", "stage"):
        op.drop_column("user_session", column)
