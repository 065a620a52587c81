"""What follows from a change: the payment's own row, its hourly rollup, the state on balance transactions.

All of it runs inside the transaction of `ingest`, on the temporary tables `incoming` and `changed`.
"""

from __future__ import annotations

from typing import Any

from psycopg import sql

from services.payments.views import AccountView
from services.payments.vocabulary import StripeObject

_WITH_STATUS = """
    (SELECT i.*, coalesce(c.status, r.status, d.status, p.status, 'available') AS status
     FROM incoming i
     LEFT JOIN charge c ON c.account_id = {account} AND c.stripe_id = i.source_ref
     LEFT JOIN refund r ON r.account_id = {account} AND r.stripe_id = i.source_ref
     LEFT JOIN dispute d ON d.account_id = {account} AND d.stripe_id = i.source_ref
     LEFT JOIN payout p ON p.account_id = {account} AND p.stripe_id = i.source_ref) AS incoming_with_status
"""

_STATUS_FOLLOWS = """
    UPDATE balance_transaction b SET status = s.status, changed_seq = nextval('payments_changed_seq')
    FROM {table} s JOIN changed USING (stripe_id)
    WHERE s.account_id = {account} AND b.account_id = {account} AND b.source_ref = s.stripe_id
      AND b.status IS DISTINCT FROM s.status
"""

# What Stripe credited, for payments made since the account was connected; earlier ones are the backfill's, since a
# history that comes in bulk would pay for the join row by row.
_NET_FOLLOWS = """
    UPDATE payment p SET net_minor = s.net_minor, settlement_currency = s.currency
    FROM (
        SELECT b.source_ref, sum(b.net_minor)::int8 AS net_minor, min(b.currency) AS currency
        FROM balance_transaction b
        WHERE b.account_id = {account} AND b.reporting_category = 'charge' AND b.source_ref IN ({charges})
        GROUP BY 1
    ) s
    JOIN charge c ON c.account_id = {account} AND c.stripe_id = s.source_ref
    WHERE p.account_id = {account} AND p.stripe_id = c.payment_ref AND p.charge_ref = s.source_ref
      AND p.created_at >= (SELECT a.connected_at FROM stripe_account a WHERE a.id = {account})
      AND (p.net_minor, p.settlement_currency) IS DISTINCT FROM (s.net_minor, s.currency)
"""
_CHARGES_OF_MOVEMENTS = """
    SELECT x.source_ref FROM balance_transaction x JOIN changed USING (stripe_id)
    WHERE x.account_id = {account} AND x.reporting_category = 'charge'
      AND x.created_at >= (SELECT a.connected_at FROM stripe_account a WHERE a.id = {account})
"""
_CHARGES_OF_PAYMENTS = """
    SELECT x.charge_ref FROM payment x JOIN {incoming} i USING (stripe_id)
    WHERE x.account_id = {account}
      AND x.created_at >= (SELECT a.connected_at FROM stripe_account a WHERE a.id = {account})
"""

_INCOMING_PAYMENTS = """
    CREATE TEMP TABLE incoming_payment (
        stripe_id text, created_at timestamptz, source_at timestamptz, intent_status text, amount_minor int8,
        received_minor int8, currency text, intent_method text, error_code text, error_decline_code text,
        customer_ref text, charge_ref text, description text, canceled_at timestamptz
    ) ON COMMIT DROP
"""

_KNOWN_PAYMENTS = """
    INSERT INTO incoming_payment
    SELECT p.stripe_id, p.created_at, p.source_at, p.intent_status, p.amount_minor, p.received_minor, p.currency,
           p.method, p.failure_code, p.decline_code, p.customer_ref, p.charge_ref, p.description, p.canceled_at
    FROM payment p
    WHERE p.account_id = {account} AND p.stripe_id IN (
        SELECT s.payment_ref FROM {table} s JOIN changed USING (stripe_id)
        WHERE s.account_id = {account} AND s.payment_ref IS NOT NULL)
"""

_CHARGES_WITHOUT_INTENT = """
    INSERT INTO incoming_payment
    SELECT c.stripe_id, c.created_at, c.source_at,
           CASE c.status WHEN 'pending' THEN 'processing' WHEN 'failed' THEN 'requires_payment_method'
                         ELSE 'succeeded' END,
           c.amount_minor, CASE c.status WHEN 'succeeded' THEN c.amount_minor ELSE 0 END, c.currency, c.method,
           c.failure_code, c.decline_code, c.customer_ref, c.stripe_id, NULL, NULL
    FROM charge c JOIN changed USING (stripe_id)
    WHERE c.account_id = {account} AND c.payment_ref = c.stripe_id
"""

# A payment's facts are those of its newest charge; what it was refunded is the sum over all of them.
_UPSERT_PAYMENTS = """
    WITH tried AS (
        SELECT DISTINCT ON (c.payment_ref) c.payment_ref, c.stripe_id, c.method, c.country, c.status, c.failure_code,
               c.decline_code, count(*) OVER w AS attempts, sum(c.refunded_minor) OVER w AS refunded_minor,
               bool_or(c.disputed) OVER w AS disputed
        FROM charge c JOIN {incoming} i ON i.stripe_id = c.payment_ref
        WHERE c.account_id = {account}
        WINDOW w AS (PARTITION BY c.payment_ref)
        ORDER BY c.payment_ref, c.created_at DESC, c.stripe_id DESC
    ), billed AS (
        SELECT DISTINCT ON (v.payment_ref) v.payment_ref, v.stripe_id
        FROM invoice v JOIN {incoming} i ON i.stripe_id = v.payment_ref
        WHERE v.account_id = {account}
        ORDER BY v.payment_ref, v.created_at DESC
    ), wanted AS (
        SELECT i.*, coalesce(t.method, i.intent_method) AS method, coalesce(t.country, 'ZZ') AS country,
               CASE WHEN i.intent_status = 'succeeded' THEN NULL
                    WHEN t.attempts IS NULL THEN i.error_code ELSE t.failure_code END AS failure_code,
               CASE WHEN i.intent_status = 'succeeded' THEN NULL
                    WHEN t.attempts IS NULL THEN i.error_decline_code ELSE t.decline_code END AS decline_code,
               coalesce(t.attempts, 0) AS attempts, coalesce(t.refunded_minor, 0) AS refunded_minor,
               coalesce(t.disputed, false) AS disputed, coalesce(t.stripe_id, i.charge_ref) AS last_charge,
               b.stripe_id AS invoice_ref
        FROM {incoming} i
        LEFT JOIN tried t ON t.payment_ref = i.stripe_id
        LEFT JOIN billed b ON b.payment_ref = i.stripe_id
    ), written AS (
        INSERT INTO payment AS p (
            entity_id, account_id, stripe_id, created_at, source_at, hour, intent_status, status, amount_minor,
            received_minor, refunded_minor, currency, method, country, failure_code, decline_code, failure_reason,
            attempts, disputed, customer_ref, invoice_ref, charge_ref, description, canceled_at)
        SELECT {entity}, {account}, stripe_id, created_at, source_at, date_trunc('hour', created_at, {zone}),
               intent_status,
               CASE intent_status
                   WHEN 'requires_payment_method' THEN
                       CASE WHEN attempts > 0 OR failure_code IS NOT NULL THEN 'failed' ELSE 'incomplete' END
                   WHEN 'requires_confirmation' THEN 'incomplete'
                   ELSE intent_status END,
               amount_minor, received_minor, refunded_minor, currency, method, country, failure_code, decline_code,
               coalesce(decline_code, failure_code, ''), attempts, disputed, customer_ref, invoice_ref, last_charge,
               description, canceled_at
        FROM wanted
        ON CONFLICT (account_id, stripe_id) DO UPDATE SET
            intent_status = excluded.intent_status, status = excluded.status, amount_minor = excluded.amount_minor,
            received_minor = excluded.received_minor, refunded_minor = excluded.refunded_minor,
            method = excluded.method, country = excluded.country, failure_code = excluded.failure_code,
            decline_code = excluded.decline_code, failure_reason = excluded.failure_reason,
            attempts = excluded.attempts, disputed = excluded.disputed, customer_ref = excluded.customer_ref,
            invoice_ref = excluded.invoice_ref, charge_ref = excluded.charge_ref,
            description = excluded.description, canceled_at = excluded.canceled_at,
            source_at = excluded.source_at, changed_seq = nextval('payments_changed_seq')
        WHERE p.source_at <= excluded.source_at AND
            (p.intent_status, p.status, p.amount_minor, p.received_minor, p.refunded_minor, p.method, p.country,
             p.failure_code, p.decline_code, p.attempts, p.disputed, p.customer_ref, p.invoice_ref, p.charge_ref,
             p.description, p.canceled_at)
            IS DISTINCT FROM
            (excluded.intent_status, excluded.status, excluded.amount_minor, excluded.received_minor,
             excluded.refunded_minor, excluded.method, excluded.country, excluded.failure_code,
             excluded.decline_code, excluded.attempts, excluded.disputed, excluded.customer_ref,
             excluded.invoice_ref, excluded.charge_ref, excluded.description, excluded.canceled_at)
        RETURNING
            old.id AS old_id, old.hour AS old_hour, old.currency AS old_currency, old.method AS old_method,
            old.country AS old_country, old.status AS old_status, old.failure_reason AS old_failure_reason,
            old.attempts AS old_attempts, old.amount_minor AS old_amount, old.received_minor AS old_received,
            old.refunded_minor AS old_refunded, new.hour, new.currency, new.method, new.country, new.status,
            new.failure_reason, new.attempts, new.amount_minor, new.received_minor, new.refunded_minor
    ), moved AS (
        SELECT hour, currency, method, country, status, failure_reason, 1 AS sign, attempts, amount_minor,
               received_minor, refunded_minor FROM written
        UNION ALL
        SELECT old_hour, old_currency, old_method, old_country, old_status, old_failure_reason, -1, old_attempts,
               old_amount, old_received, old_refunded FROM written WHERE old_id IS NOT NULL
    ), summed AS (
        INSERT INTO payment_rollup AS r (entity_id, hour, currency, method, country, status, failure_reason,
                                         count, first_try_count, amount_minor, received_minor, refunded_minor)
        SELECT {entity}, hour, currency, method, country, status, failure_reason, sum(sign),
               coalesce(sum(sign) FILTER (WHERE status = 'succeeded' AND attempts <= 1), 0),
               sum(sign * amount_minor), sum(sign * received_minor), sum(sign * refunded_minor)
        FROM moved GROUP BY hour, currency, method, country, status, failure_reason
        ON CONFLICT (entity_id, hour, currency, method, country, status, failure_reason) DO UPDATE SET
            count = r.count + excluded.count, first_try_count = r.first_try_count + excluded.first_try_count,
            amount_minor = r.amount_minor + excluded.amount_minor,
            received_minor = r.received_minor + excluded.received_minor,
            refunded_minor = r.refunded_minor + excluded.refunded_minor
    ) SELECT count(*) FROM written
"""


def upsert_payments(connection: Any, account: AccountView, *, incoming: str = "incoming") -> int:
    """Writes the payments in the temporary table `incoming` with their charges' facts and moves their rollup along."""
    statement = sql.SQL(_UPSERT_PAYMENTS).format(
        incoming=sql.Identifier(incoming), zone=sql.Literal(account.time_zone), **_literals(account)
    )
    changed = connection.execute(statement).fetchone()[0]
    charges = sql.SQL(_CHARGES_OF_PAYMENTS).format(incoming=sql.Identifier(incoming), **_literals(account))
    connection.execute(sql.SQL(_NET_FOLLOWS).format(charges=charges, **_literals(account)))
    return changed


def follow(connection: Any, account: AccountView, kind: StripeObject) -> None:
    """Carries the rows in `changed` on to what is derived from them, and drops it."""
    if kind in (StripeObject.CHARGE, StripeObject.INVOICE):
        _payments_follow(connection, account, kind)
    if kind in (StripeObject.CHARGE, StripeObject.REFUND, StripeObject.DISPUTE, StripeObject.PAYOUT):
        connection.execute(sql.SQL(_STATUS_FOLLOWS).format(table=sql.Identifier(kind.value), **_literals(account)))
    if kind is StripeObject.BALANCE_TRANSACTION:
        charges = sql.SQL(_CHARGES_OF_MOVEMENTS).format(**_literals(account))
        connection.execute(sql.SQL(_NET_FOLLOWS).format(charges=charges, **_literals(account)))
    connection.execute("DROP TABLE changed")


def with_source_status(account: AccountView) -> sql.Composed:
    """The incoming balance transactions with the present state of what caused them."""
    return sql.SQL(_WITH_STATUS).format(account=sql.Literal(account.id))


def _payments_follow(connection: Any, account: AccountView, kind: StripeObject) -> None:
    connection.execute(_INCOMING_PAYMENTS)
    literals = {"account": sql.Literal(account.id)}
    if kind is StripeObject.CHARGE:
        connection.execute(sql.SQL(_CHARGES_WITHOUT_INTENT).format(**literals))
    known = sql.SQL(_KNOWN_PAYMENTS).format(table=sql.Identifier(kind.value), **literals)
    connection.execute(known + sql.SQL(" AND p.stripe_id NOT IN (SELECT stripe_id FROM incoming_payment)"))
    upsert_payments(connection, account, incoming="incoming_payment")
    connection.execute("DROP TABLE incoming_payment")


def _literals(account: AccountView) -> dict[str, sql.Literal]:
    return {"entity": sql.Literal(account.entity_id), "account": sql.Literal(account.id)}
