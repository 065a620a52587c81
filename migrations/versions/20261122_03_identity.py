"""Second factors, single sign-on, keys, custom roles and access reviews."""

from __future__ import annotations

revision = "20261122_03_identity"
down_revision = "20261122_02_notifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
