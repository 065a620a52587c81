"""Ledgers of the merchant, their mappings and files, and the entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_07_books"
down_revision = "20261121_06_bank"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE ledger_entry_changed_seq")
    op.create_table(
        "ledger_source",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mapping_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_ledger_source_entity_id_legal_entity"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_source"),
        sa.UniqueConstraint("entity_id", "code", name="uq_ledger_source_entity_id_code"),
    )
    op.create_table(
        "ledger_mapping",
        sa.Column("source_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["ledger_source.id"], name="fk_ledger_mapping_source_id_ledger_source"),
        sa.PrimaryKeyConstraint("source_id", "version", name="pk_ledger_mapping"),
    )
    op.create_table(
        "ledger_file",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("source_id", sa.UUID(), nullable=False),
        sa.Column("mapping_version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("problem", sa.String()),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_new", sa.BigInteger(), nullable=False),
        sa.Column("rows_changed", sa.BigInteger(), nullable=False),
        sa.Column("rows_unchanged", sa.BigInteger(), nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.Column("imported_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("origin IN ('upload', 'folder', 'command')", name="ck_ledger_file_origin_known"),
        sa.CheckConstraint("status IN ('imported', 'partial', 'rejected')", name="ck_ledger_file_status_known"),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_ledger_file_entity_id_legal_entity"),
        sa.ForeignKeyConstraint(["source_id"], ["ledger_source.id"], name="fk_ledger_file_source_id_ledger_source"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_file"),
        sa.UniqueConstraint(
            "source_id", "sha256", "mapping_version", name="uq_ledger_file_source_id_sha256_mapping_version"
        ),
    )
    op.create_index("ix_ledger_file_imported_at", "ledger_file", ["imported_at"])
    op.create_table(
        "ledger_rejection",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("excerpt", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["ledger_file.id"], name="fk_ledger_rejection_file_id_ledger_file", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_rejection"),
    )
    op.create_index("ix_ledger_rejection_file_id_line", "ledger_rejection", ["file_id", "line"])
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("source_id", sa.UUID(), nullable=False),
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("entry_ref", sa.String(collation="C"), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("entry_key", sa.String(collation="C"), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("posted_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("customer", sa.String()),
        sa.Column("invoice", sa.String()),
        sa.Column("payout", sa.String()),
        sa.Column(
            "changed_seq",
            sa.BigInteger(),
            server_default=sa.text("nextval('ledger_entry_changed_seq')"),
            nullable=False,
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="ck_ledger_entry_currency_form"),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_ledger_entry_entity_id_legal_entity"),
        sa.ForeignKeyConstraint(["file_id"], ["ledger_file.id"], name="fk_ledger_entry_file_id_ledger_file"),
        sa.ForeignKeyConstraint(["source_id"], ["ledger_source.id"], name="fk_ledger_entry_source_id_ledger_source"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_entry"),
        sa.UniqueConstraint(
            "source_id", "entry_key", "occurrence", name="uq_ledger_entry_source_id_entry_key_occurrence"
        ),
        sa.UniqueConstraint("source_id", "entry_ref", "repeat", name="uq_ledger_entry_source_id_entry_ref_repeat"),
    )
    op.create_index("ix_ledger_entry_changed_seq", "ledger_entry", ["changed_seq"])


def downgrade() -> None:
    op.drop_table("ledger_entry")
    op.drop_table("ledger_rejection")
    op.drop_table("ledger_file")
    op.drop_table("ledger_mapping")
    op.drop_table("ledger_source")
    op.execute("DROP SEQUENCE ledger_entry_changed_seq")
