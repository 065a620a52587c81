"""The payments dashboard from its rollup against the same question put to the payments themselves."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any

from sqlalchemy import text

from benchmarks.measure import Candidate, Ground, compare, ground, report
from benchmarks.sync import _ACTOR, connected
from services import payments
from services.core.clock import FrozenClock
from services.payments import AccountView

_NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
_FILL = """
    INSERT INTO payment (entity_id, account_id, stripe_id, created_at, source_at, hour, intent_status, status,
        amount_minor, received_minor, refunded_minor, currency, method, country, failure_reason, attempts, disputed)
    SELECT :entity, :account, 'pi_' || lpad(n::text, 16, '0'), at, at, date_trunc('hour', at, 'Europe/Berlin'), status,
           status, amount, CASE status WHEN 'succeeded' THEN amount ELSE 0 END, 0, 'EUR',
           (ARRAY['card', 'card', 'sepa_debit'])[1 + n % 3], (ARRAY['DE', 'AT', 'FR', 'CH'])[1 + n % 4],
           CASE status WHEN 'failed' THEN (ARRAY['do_not_honor', 'insufficient_funds'])[1 + n % 2] ELSE '' END,
           1, false
    FROM (SELECT n, CAST(:now AS timestamptz) - random() * interval '90 days' AS at, 500 + n % 15000 AS amount,
                 CASE WHEN n % 13 = 0 THEN 'failed' ELSE 'succeeded' END AS status
          FROM generate_series(1, :rows) n) made
"""
_ROLL = """
    INSERT INTO payment_rollup
    SELECT entity_id, hour, currency, method, country, status, failure_reason, count(*),
           count(*) FILTER (WHERE status = 'succeeded' AND attempts <= 1), sum(amount_minor), sum(received_minor),
           sum(refunded_minor)
    FROM payment GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_QUESTION = """
    SELECT date_trunc('day', {hour}, 'Europe/Berlin') AS day, {counted}, {succeeded}, sum(received_minor)
    FROM {table}
    WHERE entity_id = :entity AND {hour} >= :first AND {hour} < :last
    GROUP BY 1 ORDER BY 1
"""
_DIRECT = _QUESTION.format(
    hour="created_at", counted="count(*)", succeeded="count(*) FILTER (WHERE status = 'succeeded')", table="payment"
)
_ROLLED = _QUESTION.format(
    hour="hour",
    counted="sum(count)::bigint",
    succeeded="coalesce(sum(count) FILTER (WHERE status = 'succeeded'), 0)::bigint",
    table="payment_rollup",
)


class Bench:
    """One filled installation and the same question in three ways."""

    def __init__(self, ground: Ground, account: AccountView, rows: int) -> None:
        self.ground, self.account = ground, account
        self.bounds = {
            "entity": account.entity_id,
            "first": dt.datetime(2026, 3, 31, 22, tzinfo=dt.UTC),
            "last": dt.datetime(2026, 5, 30, 22, tzinfo=dt.UTC),
        }
        with ground.database.unit_of_work(_ACTOR) as uow:
            values = {"entity": account.entity_id, "account": account.id, "now": _NOW, "rows": rows}
            uow.session.execute(text("SELECT setseed(0.42)"))
            uow.session.execute(text(_FILL), values)
            uow.session.execute(text(_ROLL))
        with ground.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE payment, payment_rollup"))
        self.expected = self.ask(_DIRECT)

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        with self.ground.database.unit_of_work(_ACTOR) as uow:
            return [tuple(row) for row in uow.session.execute(text(question), self.bounds)]

    def dashboard(self) -> int:
        """The whole page's figures: points, usual range, former period, four dimensions."""
        with self.ground.database.unit_of_work(_ACTOR) as uow:
            uow.clock = FrozenClock(_NOW)
            selection = payments.Selection(dt.date(2026, 4, 1), dt.date(2026, 5, 30), payments.Step.DAY)
            return payments.payment_dashboard(uow, selection=selection).totals.count

    def check(self, result: Any) -> None:
        if result != self.expected:
            raise AssertionError("the rollup and the payments say different things")

    def check_count(self, result: int) -> None:
        if result != sum(row[1] for row in self.expected):
            raise AssertionError("the dashboard counts other payments")

    def figures(self) -> dict[str, Any]:
        return compare(
            {
                "direct query": Candidate(lambda: self.ask(_DIRECT), check=self.check),
                "rollup": Candidate(lambda: self.ask(_ROLLED), check=self.check),
                "whole dashboard": Candidate(self.dashboard, check=self.check_count),
            },
            baseline="direct query",
            server_pid=self.ground.server_pid,
        )


def main() -> None:
    rows = int(sys.argv[sys.argv.index("--rows") + 1]) if "--rows" in sys.argv else 500_000
    with ground() as here:
        report({"payments": rows, "payments per day over 60 days": Bench(here, connected(here), rows).figures()})


if __name__ == "__main__":
    main()
