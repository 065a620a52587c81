"""Breaks that cost a first run less: found by their key itself through Bloom filters, their sums carried on."""

from __future__ import annotations

from alembic import op

revision = "20261124_30_recon_engine"
down_revision = "20261123_10_recon_engine"
branch_labels = None
depends_on = None

_BREAKS = """
ALTER TABLE recon_break DROP COLUMN name_hash;
ALTER TABLE recon_break DROP CONSTRAINT ck_recon_break_state;
ALTER TABLE recon_break DROP CONSTRAINT ck_recon_break_resolved_says_how;
ALTER TABLE recon_break DROP CONSTRAINT ck_recon_break_closed_is_resolved;
ALTER TABLE recon_break ADD CONSTRAINT ck_recon_break_state CHECK (
    state = 'open' AND resolution IS NULL AND closed_seq IS NULL
    OR state IN ('in_work', 'proposed') AND resolution IS NULL AND closed_seq IS NULL
    OR state = 'resolved' AND resolution IS NOT NULL);
ALTER TABLE recon_break ALTER COLUMN number SET CACHE 20;
CREATE INDEX ix_recon_break_subject_key ON recon_break
    USING brin (subject_key text_bloom_ops) WITH (pages_per_range = 16);
CREATE TRIGGER recon_break_stays BEFORE DELETE ON recon_break
    FOR EACH ROW EXECUTE FUNCTION recon_is_append_only();
"""
_FOLD = """
CREATE TABLE recon_fold (
    entity_id uuid NOT NULL CONSTRAINT fk_recon_fold_entity_id_legal_entity REFERENCES legal_entity (id),
    definition varchar NOT NULL,
    booked_on date NOT NULL,
    break_class varchar NOT NULL,
    left_currency varchar NOT NULL,
    right_currency varchar NOT NULL,
    currency varchar NOT NULL,
    items bigint NOT NULL,
    with_left bigint NOT NULL,
    delta_minor bigint NOT NULL,
    left_minor bigint NOT NULL,
    right_minor bigint NOT NULL,
    marks numeric NOT NULL,
    CONSTRAINT pk_recon_fold PRIMARY KEY
        (entity_id, definition, booked_on, break_class, left_currency, right_currency, currency)
);
UPDATE recon_source SET all_dirty = true;
"""
_OLD_BREAKS = """
DROP TABLE recon_fold;
DROP TRIGGER recon_break_stays ON recon_break;
DROP INDEX ix_recon_break_subject_key;
ALTER TABLE recon_break ALTER COLUMN number SET CACHE 1;
ALTER TABLE recon_break DROP CONSTRAINT ck_recon_break_state;
ALTER TABLE recon_break ADD CONSTRAINT ck_recon_break_state
    CHECK (state IN ('open', 'in_work', 'proposed', 'resolved'));
ALTER TABLE recon_break ADD CONSTRAINT ck_recon_break_resolved_says_how
    CHECK ((state = 'resolved') = (resolution IS NOT NULL));
ALTER TABLE recon_break ADD CONSTRAINT ck_recon_break_closed_is_resolved
    CHECK (closed_seq IS NULL OR state = 'resolved');
ALTER TABLE recon_break ADD COLUMN name_hash bigint NOT NULL GENERATED ALWAYS AS
    (hashtextextended(subject_key, hashtextextended(definition, uuid_hash_extended(entity_id, 0)))) STORED;
CREATE INDEX ix_recon_break_name_hash ON recon_break USING brin (name_hash int8_bloom_ops) WITH (pages_per_range = 16);
"""


def upgrade() -> None:
    op.execute(_BREAKS)
    op.execute(_FOLD)


def downgrade() -> None:
    op.execute(_OLD_BREAKS)
