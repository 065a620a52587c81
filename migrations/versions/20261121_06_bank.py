"""Bank accounts, the files that came in, statements and their lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_06_bank"
down_revision = "20261121_05_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE bank_line_changed_seq")
    op.create_table(
        "bank_account",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("bic", sa.String()),
        sa.Column("provider_pattern", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="ck_bank_account_currency_form"),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_bank_account_entity_id_legal_entity"),
        sa.PrimaryKeyConstraint("id", name="pk_bank_account"),
        sa.UniqueConstraint("iban", "currency", name="uq_bank_account_iban_currency"),
    )
    op.create_index("ix_bank_account_entity_id", "bank_account", ["entity_id"])
    op.create_table(
        "bank_file",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("problem", sa.String()),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_new", sa.BigInteger(), nullable=False),
        sa.Column("rows_unchanged", sa.BigInteger(), nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=False),
        sa.Column("statements", postgresql.JSONB(), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.Column("imported_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("origin IN ('upload', 'folder', 'command')", name="ck_bank_file_origin_known"),
        sa.CheckConstraint("status IN ('imported', 'partial', 'rejected')", name="ck_bank_file_status_known"),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_bank_file_entity_id_legal_entity"),
        sa.PrimaryKeyConstraint("id", name="pk_bank_file"),
        sa.UniqueConstraint("entity_id", "sha256", name="uq_bank_file_entity_id_sha256"),
    )
    op.create_index("ix_bank_file_imported_at", "bank_file", ["imported_at"])
    op.create_table(
        "bank_rejection",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("excerpt", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["bank_file.id"], name="fk_bank_rejection_file_id_bank_file", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_bank_rejection"),
    )
    op.create_index("ix_bank_rejection_file_id_line", "bank_rejection", ["file_id", "line"])
    op.create_table(
        "bank_statement",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("page", sa.BigInteger(), nullable=False),
        sa.Column("last_page", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.BigInteger()),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("opening_minor", sa.BigInteger()),
        sa.Column("closing_minor", sa.BigInteger()),
        sa.Column("lines_minor", sa.BigInteger(), nullable=False),
        sa.Column("line_count", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.String()),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "problem IN ('no_opening', 'no_closing', 'difference')",
            name="ck_bank_statement_problem_known",
        ),
        sa.CheckConstraint("first_day <= last_day", name="ck_bank_statement_days_in_order"),
        sa.ForeignKeyConstraint(["account_id"], ["bank_account.id"], name="fk_bank_statement_account_id_bank_account"),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_bank_statement_entity_id_legal_entity"),
        sa.ForeignKeyConstraint(["file_id"], ["bank_file.id"], name="fk_bank_statement_file_id_bank_file"),
        sa.PrimaryKeyConstraint("id", name="pk_bank_statement"),
        sa.UniqueConstraint(
            "account_id", "reference", "page", "last_day", name="uq_bank_statement_account_id_reference_page_last_day"
        ),
    )
    op.create_index("ix_bank_statement_account_id_last_day", "bank_statement", ["account_id", "last_day"])
    op.create_table(
        "bank_line",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("statement_id", sa.UUID(), nullable=False),
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("file_line", sa.BigInteger(), nullable=False),
        sa.Column("line_key", sa.String(), nullable=False),
        sa.Column("occurrence", sa.BigInteger(), nullable=False),
        sa.Column("ext_key", sa.String(), nullable=False),
        sa.Column("bank_reference", sa.String()),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("charges_minor", sa.BigInteger()),
        sa.Column("original_minor", sa.BigInteger()),
        sa.Column("original_currency", sa.String()),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("booked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("value_on", sa.Date()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("return_reason", sa.String()),
        sa.Column("transaction_code", sa.String()),
        sa.Column("end_to_end_id", sa.String()),
        sa.Column("mandate_id", sa.String()),
        sa.Column("remittance", sa.String()),
        sa.Column("counterparty", sa.String()),
        sa.Column("counterparty_iban", sa.String()),
        sa.Column("batch_reference", sa.String()),
        sa.Column("batch_count", sa.BigInteger()),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column(
            "changed_seq", sa.BigInteger(), server_default=sa.text("nextval('bank_line_changed_seq')"), nullable=False
        ),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="ck_bank_line_currency_form"),
        sa.CheckConstraint("status IN ('booked', 'reversed', 'returned')", name="ck_bank_line_status_known"),
        sa.ForeignKeyConstraint(["account_id"], ["bank_account.id"], name="fk_bank_line_account_id_bank_account"),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_bank_line_entity_id_legal_entity"),
        sa.ForeignKeyConstraint(["file_id"], ["bank_file.id"], name="fk_bank_line_file_id_bank_file"),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["bank_statement.id"], name="fk_bank_line_statement_id_bank_statement"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_bank_line"),
        sa.UniqueConstraint("account_id", "ext_key", name="uq_bank_line_account_id_ext_key"),
        sa.UniqueConstraint("account_id", "line_key", "occurrence", name="uq_bank_line_account_id_line_key_occurrence"),
    )
    op.create_index("ix_bank_line_account_id_booked_on", "bank_line", ["account_id", "booked_on"])
    op.create_index("ix_bank_line_changed_seq", "bank_line", ["changed_seq"])
    op.create_index("ix_bank_line_statement_id", "bank_line", ["statement_id"])


def downgrade() -> None:
    op.drop_table("bank_line")
    op.drop_table("bank_statement")
    op.drop_table("bank_rejection")
    op.drop_table("bank_file")
    op.drop_table("bank_account")
    op.execute("DROP SEQUENCE bank_line_changed_seq")
