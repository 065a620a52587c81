"""What a run and a delivery no longer pay for row by row: names in the key of breaks, and checks of entries.

The form of a currency and the source of an entry are held by the totals, of which there is a row for each of them.
"""

from __future__ import annotations

from alembic import op

revision = "20261123_10_recon_engine"
down_revision = "20261123_09_backfills"
branch_labels = None
depends_on = None

_BREAKS = """
ALTER TABLE recon_break ADD COLUMN name_hash bigint NOT NULL GENERATED ALWAYS AS
    (hashtextextended(subject_key, hashtextextended(definition, uuid_hash_extended(entity_id, 0)))) STORED;
CREATE INDEX ix_recon_break_name_hash ON recon_break USING brin (name_hash int8_bloom_ops) WITH (pages_per_range = 16);
ALTER TABLE recon_break DROP CONSTRAINT uq_recon_break_entity_id_definition_subject_key_occurrence;
"""
_ENTRIES = """
ALTER TABLE recon_entry DROP CONSTRAINT fk_recon_entry_source_id_recon_source;
ALTER TABLE recon_entry DROP CONSTRAINT ck_recon_entry_currency_form;
ALTER TABLE recon_entry_total ADD CONSTRAINT ck_recon_entry_total_currency_form CHECK (currency ~ '^[A-Z]{3}$');
"""
_OLD_ENTRIES = """
ALTER TABLE recon_entry_total DROP CONSTRAINT ck_recon_entry_total_currency_form;
ALTER TABLE recon_entry ADD CONSTRAINT ck_recon_entry_currency_form CHECK (currency ~ '^[A-Z]{3}$');
ALTER TABLE recon_entry ADD CONSTRAINT fk_recon_entry_source_id_recon_source
    FOREIGN KEY (source_id) REFERENCES recon_source (id);
"""
_OLD_BREAKS = """
ALTER TABLE recon_break ADD CONSTRAINT uq_recon_break_entity_id_definition_subject_key_occurrence
    UNIQUE (entity_id, definition, subject_key, occurrence);
ALTER TABLE recon_break DROP COLUMN name_hash;
"""


def upgrade() -> None:
    op.execute(_BREAKS)
    op.execute(_ENTRIES)


def downgrade() -> None:
    op.execute(_OLD_ENTRIES)
    op.execute(_OLD_BREAKS)
