"""The text of a letter with a secret is sealed while it waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261123_02_notifications"
down_revision = "20261123_01_audit"
branch_labels = None
depends_on = None

_CHECK = "ck_notification_queued_has_content"


def upgrade() -> None:
    """Letters that wait now stay as they are; they are gone within minutes."""
    op.add_column("notification", sa.Column("sealed", sa.LargeBinary()))
    op.drop_constraint(op.f(_CHECK), "notification", type_="check")
    op.create_check_constraint(
        op.f(_CHECK), "notification", "content IS NOT NULL OR sealed IS NOT NULL OR state <> 'queued'"
    )


def downgrade() -> None:
    """A sealed letter cannot be opened here, and its link can be asked for again."""
    op.execute("DELETE FROM notification WHERE sealed IS NOT NULL")
    op.drop_constraint(op.f(_CHECK), "notification", type_="check")
    op.create_check_constraint(op.f(_CHECK), "notification", "content IS NOT NULL OR state <> 'queued'")
    op.drop_column("notification", "sealed")
