"""Identity."""

from __future__ import annotations

revision = "20261123_03_identity"
down_revision = "20261123_02_notifications"
branch_labels = None
depends_on = None


def upgrade() -> None: ...


def downgrade() -> None: ...
