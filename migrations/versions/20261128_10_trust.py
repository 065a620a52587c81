"""When the owners of an access review were last reminded.

Revision ID: 20261128_10_trust
Revises: 20261128_40_recon_engine
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261128_10_trust"
down_revision: str | None = "20261128_40_recon_engine"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("access_review", sa.Column("reminded_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("access_review", "reminded_on")
