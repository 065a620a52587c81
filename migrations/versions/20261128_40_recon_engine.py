"""A dirty key carries what its entry says; keys with several entries are listed."""

from __future__ import annotations

from alembic import op

revision = "20261128_40_recon_engine"
down_revision = "20261127_10_trust"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE recon_dirty ADD COLUMN amount_minor bigint, ADD COLUMN fee_minor bigint, "
        "ADD COLUMN currency_code integer, ADD COLUMN status_code bigint, "
        "ADD COLUMN occurred_at timestamptz, ADD COLUMN booked_on date"
    )
    op.execute("CREATE INDEX ix_recon_entry_repeated ON recon_entry (source_id, ext_key) WHERE occurrence > 0")


def downgrade() -> None:
    op.execute("DROP INDEX ix_recon_entry_repeated")
    op.execute(
        "ALTER TABLE recon_dirty DROP COLUMN amount_minor, DROP COLUMN fee_minor, DROP COLUMN currency_code, "
        "DROP COLUMN status_code, DROP COLUMN occurred_at, DROP COLUMN booked_on"
    )
