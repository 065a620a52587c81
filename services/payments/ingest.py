"""Writing what Stripe said: COPY into a temporary table, one upsert that touches only what changed.

Rules: an older state never overwrites a newer one; unchanged rows are not written; a payment's row, its rollup
and the state on balance transactions follow in the same transaction. Writers take one lock until they commit,
so that `changed_seq` grows in commit order and rollups cannot deadlock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import sql

from services.core.db import UnitOfWork
from services.core.locks import take_turn
from services.payments import projection
from services.payments.shapes import SHAPES, Shape, created
from services.payments.views import AccountView
from services.payments.vocabulary import INGEST_TURN, StripeObject

_COMMON = {"stripe_id": "text", "created_at": "timestamptz", "source_at": "timestamptz"}
STAGE = sql.Identifier("incoming")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An object as Stripe sent it, and when that was its state."""

    raw: dict[str, Any]
    seen_at: dt.datetime


def ingest(uow: UnitOfWork, *, account: AccountView, kind: StripeObject, snapshots: Iterable[Snapshot]) -> int:
    """Stores the objects; returns how many rows were new or differed. The caller has checked the right to do so."""
    rows = _rows(account, SHAPES[kind], snapshots)
    if not rows:
        return 0
    connection = uow.driver
    take_turn(uow.session, INGEST_TURN)
    _stage(connection, SHAPES[kind], rows)
    if kind is StripeObject.PAYMENT_INTENT:
        changed = projection.upsert_payments(connection, account)
    else:
        changed = _upsert(connection, account, SHAPES[kind])
        projection.follow(connection, account, kind)
    connection.execute("DROP TABLE incoming")
    return changed


def link_payout(
    uow: UnitOfWork, *, account: AccountView, payout: str, parts: Sequence[str], complete_at: dt.datetime
) -> int:
    """Notes which balance transactions a payout paid out; returns how many of them were not known to be its parts."""
    connection = uow.driver
    take_turn(uow.session, INGEST_TURN)
    values = {"account": account.id, "payout": payout, "parts": list(parts), "at": complete_at}
    linked = connection.execute(
        """
        UPDATE balance_transaction SET payout_ref = %(payout)s, changed_seq = nextval('payments_changed_seq')
        WHERE account_id = %(account)s AND stripe_id = ANY(%(parts)s) AND payout_ref IS DISTINCT FROM %(payout)s
        """,
        values,
    ).rowcount
    connection.execute(
        """
        UPDATE payout SET composed_at = %(at)s, composed_count = cardinality(%(parts)s::text[]),
                          changed_seq = nextval('payments_changed_seq')
        WHERE account_id = %(account)s AND stripe_id = %(payout)s
          AND (composed_at IS NULL OR composed_count IS DISTINCT FROM cardinality(%(parts)s::text[]))
        """,
        values,
    )
    return linked


def _rows(account: AccountView, shape: Shape, snapshots: Iterable[Snapshot]) -> list[tuple[Any, ...]]:
    zone = ZoneInfo(account.time_zone)
    newest: dict[str, Snapshot] = {}
    for snapshot in snapshots:
        known = newest.get(snapshot.raw["id"])
        if known is None or known.seen_at <= snapshot.seen_at:
            newest[snapshot.raw["id"]] = snapshot
    return [(s.raw["id"], created(s.raw), s.seen_at, *shape.read(s.raw, zone)) for s in newest.values()]


def _stage(connection: Any, shape: Shape, rows: list[tuple[Any, ...]]) -> None:
    columns = _COMMON | shape.columns
    listed = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.Identifier(kind)) for name, kind in columns.items()
    )
    connection.execute(sql.SQL("CREATE TEMP TABLE {} ({}) ON COMMIT DROP").format(STAGE, listed))
    cursor = connection.cursor()
    with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(STAGE)) as copy:
        copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(row)


def _upsert(connection: Any, account: AccountView, shape: Shape) -> int:
    """Inserts what is new and updates what differs; leaves the changed ids in the temporary table `changed`."""
    names = [sql.Identifier(name) for name in (*_COMMON, *shape.columns)]
    own = [sql.Identifier(name) for name in shape.columns]
    extra = sql.SQL(", status") if shape.table == "balance_transaction" else sql.SQL("")
    statement = sql.SQL(
        """
        CREATE TEMP TABLE changed ON COMMIT DROP AS
        WITH written AS (
            INSERT INTO {table} AS t (entity_id, account_id, {names}{extra})
            SELECT {entity}, {account}, {names}{extra} FROM {source}
            ON CONFLICT (account_id, stripe_id) DO UPDATE
            SET ({set_names}) = ROW({excluded}), source_at = excluded.source_at,
                changed_seq = nextval('payments_changed_seq')
            WHERE t.source_at <= excluded.source_at AND ({own}) IS DISTINCT FROM ({excluded})
            RETURNING t.stripe_id
        ) SELECT stripe_id FROM written
        """
    ).format(
        table=sql.Identifier(shape.table),
        names=sql.SQL(", ").join(names),
        extra=extra,
        entity=sql.Literal(account.entity_id),
        account=sql.Literal(account.id),
        source=projection.with_source_status(account) if shape.table == "balance_transaction" else STAGE,
        set_names=sql.SQL(", ").join(own),
        own=sql.SQL(", ").join(sql.SQL("t.{}").format(name) for name in own),
        excluded=sql.SQL(", ").join(sql.SQL("excluded.{}").format(name) for name in own),
    )
    return connection.execute(statement).rowcount
