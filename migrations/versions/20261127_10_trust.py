"""An administrator comes back from impersonating to the end their own session had.

Revision ID: 20261127_10_trust
Revises: 20261126_40_desk
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261127_10_trust"
down_revision: str | None = "20261126_40_desk"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("user_session", sa.Column("own_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE user_session SET own_expires_at = expires_at WHERE impersonator_id IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_user_session_own_end"), "user_session", "(impersonator_id IS NULL) = (own_expires_at IS NULL)"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_user_session_own_end"), "user_session", type_="check")
    op.drop_column("user_session", "own_expires_at")
