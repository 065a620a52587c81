"""What a run and a delivery no longer pay for row by row: names in the key of breaks, and checks of entries.

An entry may be split over several groups; that they never use more than there is of it, the database sees itself.

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
_ALLOCATIONS = """
DROP INDEX uq_recon_match_member_open;
CREATE INDEX ix_recon_match_member_open ON recon_match_member (source_id, ext_key, occurrence) WHERE NOT closed;
CREATE TABLE recon_allocation (
    source_id smallint NOT NULL CONSTRAINT fk_recon_allocation_source_id_recon_source REFERENCES recon_source (id),
    ext_key varchar COLLATE "C" NOT NULL,
    occurrence smallint NOT NULL,
    amount_minor bigint NOT NULL,
    allocated_minor bigint NOT NULL,
    currency varchar NOT NULL,
    CONSTRAINT pk_recon_allocation PRIMARY KEY (source_id, ext_key, occurrence),
    CONSTRAINT ck_recon_allocation_never_above_the_entry
        CHECK (abs(allocated_minor) <= abs(amount_minor) AND sign(allocated_minor) * sign(amount_minor) >= 0)
);
INSERT INTO recon_allocation (source_id, ext_key, occurrence, amount_minor, allocated_minor, currency)
SELECT source_id, ext_key, occurrence, amount_minor, coalesce(allocated_minor, amount_minor), currency
FROM recon_match_member WHERE NOT closed;
CREATE FUNCTION recon_allocate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE recon_allocation a SET allocated_minor = a.allocated_minor - s.minor
        FROM (SELECT source_id, ext_key, occurrence, sum(coalesce(allocated_minor, amount_minor)) AS minor
              FROM gone WHERE NOT closed GROUP BY 1, 2, 3) s
        WHERE (a.source_id, a.ext_key, a.occurrence) = (s.source_id, s.ext_key, s.occurrence);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO recon_allocation AS a (source_id, ext_key, occurrence, amount_minor, allocated_minor, currency)
        SELECT source_id, ext_key, occurrence, max(amount_minor), sum(coalesce(allocated_minor, amount_minor)),
               max(currency)
        FROM made WHERE NOT closed GROUP BY 1, 2, 3
        ON CONFLICT (source_id, ext_key, occurrence) DO UPDATE SET
            amount_minor = excluded.amount_minor, currency = excluded.currency,
            allocated_minor = a.allocated_minor + excluded.allocated_minor;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER recon_match_member_made AFTER INSERT ON recon_match_member
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION recon_allocate();
CREATE TRIGGER recon_match_member_changed AFTER UPDATE ON recon_match_member
    REFERENCING OLD TABLE AS gone NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION recon_allocate();
CREATE TRIGGER recon_match_member_gone AFTER DELETE ON recon_match_member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION recon_allocate();
"""
_NO_ALLOCATIONS = """
DROP TRIGGER recon_match_member_made ON recon_match_member;
DROP TRIGGER recon_match_member_changed ON recon_match_member;
DROP TRIGGER recon_match_member_gone ON recon_match_member;
DROP FUNCTION recon_allocate();
DROP TABLE recon_allocation;
DROP INDEX ix_recon_match_member_open;
CREATE UNIQUE INDEX uq_recon_match_member_open ON recon_match_member (source_id, ext_key, occurrence) WHERE NOT closed;
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
    op.execute(_ALLOCATIONS)


def downgrade() -> None:
    op.execute(_NO_ALLOCATIONS)
    op.execute(_OLD_ENTRIES)
    op.execute(_OLD_BREAKS)
