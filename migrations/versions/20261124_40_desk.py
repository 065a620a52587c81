"""The desk: what a run's difference and a month's difference consist of, added up when the run ends.

And the balance by day, which the clearing account reads, and files that go with a letter, such as the nightly report.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261124_40_desk"
down_revision = "20261124_30_recon_engine"
branch_labels = None
depends_on = None

_OF = """SELECT entity_id, account_id, booked_on, currency, reporting_category,
       coalesce(payout_ref, '') AS payout_ref,
       CASE reporting_category WHEN 'payout' THEN coalesce(source_ref, '') ELSE '' END AS paid_ref"""
_MADE = f"{_OF}, 1 AS items, amount_minor, fee_minor, net_minor FROM made"
_GONE = f"{_OF}, -1 AS items, -amount_minor AS amount_minor, -fee_minor AS fee_minor, "
_GONE += "-net_minor AS net_minor FROM gone"
_INTO = """
INSERT INTO balance_day (entity_id, account_id, booked_on, currency, reporting_category, payout_ref, paid_ref, items,
                         amount_minor, fee_minor, net_minor)
"""
_FILL = f"""{_INTO} {_OF}, count(*), sum(amount_minor), sum(fee_minor), sum(net_minor)
FROM balance_transaction GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
# In one order, so that two writers wait for each other and never both; a change of anything else moves nothing.
_MOVE = """
    INSERT INTO balance_day AS d
    SELECT entity_id, account_id, booked_on, currency, reporting_category, payout_ref, paid_ref, sum(items),
           sum(amount_minor), sum(fee_minor), sum(net_minor)
    FROM ({rows}) moved GROUP BY 1, 2, 3, 4, 5, 6, 7
    HAVING sum(items) <> 0 OR sum(amount_minor) <> 0 OR sum(fee_minor) <> 0
    ORDER BY 2, 3, 4, 5, 6, 7
    ON CONFLICT (account_id, booked_on, currency, reporting_category, payout_ref, paid_ref) DO UPDATE SET
        items = d.items + excluded.items, amount_minor = d.amount_minor + excluded.amount_minor,
        fee_minor = d.fee_minor + excluded.fee_minor, net_minor = d.net_minor + excluded.net_minor;
"""
_FUNCTION = f"""
CREATE FUNCTION balance_day_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN {_MOVE.format(rows=_MADE)}
    ELSIF TG_OP = 'DELETE' THEN {_MOVE.format(rows=_GONE)}
    ELSE {_MOVE.format(rows=f"{_MADE} UNION ALL {_GONE}")}
    END IF;
    RETURN NULL;
END $$
"""
_FOLLOWS = """
CREATE TRIGGER balance_transaction_made AFTER INSERT ON balance_transaction
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION balance_day_follows();
CREATE TRIGGER balance_transaction_changed AFTER UPDATE ON balance_transaction
    REFERENCING OLD TABLE AS gone NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION balance_day_follows();
CREATE TRIGGER balance_transaction_gone AFTER DELETE ON balance_transaction
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION balance_day_follows();
"""
_NO_BALANCE = """
DROP TRIGGER balance_transaction_made ON balance_transaction;
DROP TRIGGER balance_transaction_changed ON balance_transaction;
DROP TRIGGER balance_transaction_gone ON balance_transaction;
DROP FUNCTION balance_day_follows();
DROP TABLE balance_day;
"""


def upgrade() -> None:
    op.create_table(
        "recon_run_part",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("items", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "currency", "part", name="pk_recon_run_part"),
        sa.ForeignKeyConstraint(["run_id"], ["recon_run.id"], name="fk_recon_run_part_run_id_recon_run"),
    )
    _months()
    _balance()
    op.create_table(
        "notification_file",
        sa.Column("letter_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "place", name="pk_notification_file"),
        sa.ForeignKeyConstraint(
            ["letter_id"],
            ["notification.id"],
            name="fk_notification_file_letter_id_notification",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("octet_length(content) BETWEEN 1 AND 3145728", name="ck_notification_file_size_in_range"),
    )


def downgrade() -> None:
    op.execute(_NO_BALANCE)
    for table in ("notification_file", "recon_month_item", "recon_month_part", "recon_month", "recon_run_part"):
        op.drop_table(table)


def _balance() -> None:
    op.create_table(
        "balance_day",
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reporting_category", sa.String(), nullable=False),
        sa.Column("payout_ref", sa.String(collation="C"), nullable=False),
        sa.Column("paid_ref", sa.String(collation="C"), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("items", "amount_minor", "fee_minor", "net_minor")
        ),
        sa.PrimaryKeyConstraint(
            "account_id", "booked_on", "currency", "reporting_category", "payout_ref", "paid_ref", name="pk_balance_day"
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "entity_id"],
            ["stripe_account.id", "stripe_account.entity_id"],
            name="fk_balance_day_account_id_stripe_account",
        ),
    )
    op.create_index("ix_balance_day_entity_id_booked_on", "balance_day", ["entity_id", "booked_on"])
    for statement in (_FILL, _FUNCTION, _FOLLOWS):
        op.execute(statement)


def _months() -> None:
    op.create_table(
        "recon_month",
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("stale", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("rolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("entity_id", "definition", "first_day", name="pk_recon_month"),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_recon_month_entity_id_legal_entity"),
        sa.ForeignKeyConstraint(
            ["definition"], ["recon_definition.code"], name="fk_recon_month_definition_recon_definition"
        ),
        sa.CheckConstraint("extract(day FROM first_day) = 1", name="ck_recon_month_begins_with_a_month"),
    )
    op.create_table(
        "recon_month_part",
        *_of_month(),
        sa.Column("items", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "definition", "first_day", "part", "currency", name="pk_recon_month_part"),
    )
    op.create_table(
        "recon_month_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *_of_month(),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.String(collation="C"), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=True),
        sa.Column("left_minor", sa.BigInteger(), nullable=True),
        sa.Column("right_minor", sa.BigInteger(), nullable=True),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recon_month_item"),
    )
    op.create_index(
        "ix_recon_month_item_place",
        "recon_month_item",
        ["entity_id", "definition", "first_day", "part", "currency"],
    )
    op.create_index(
        "ix_recon_month_item_number",
        "recon_month_item",
        ["number"],
        postgresql_where=sa.text("number IS NOT NULL"),
    )


def _of_month() -> list[sa.Column[object]]:
    return [
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
    ]
