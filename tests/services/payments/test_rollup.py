"""The rollup equals a direct aggregation, whatever arrives in whatever order."""

import datetime as dt

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.core.db import UnitOfWork
from services.payments.vocabulary import StripeObject
from tests.factories import payments as make
from tests.factories.payments import SEEN, START, stored

_DIRECT = """
    SELECT entity_id, hour, currency, method, country, status, failure_reason, count(*),
           count(*) FILTER (WHERE status = 'succeeded' AND attempts <= 1), sum(amount_minor), sum(received_minor),
           sum(refunded_minor)
    FROM payment GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_ROLLED = """
    SELECT entity_id, hour, currency, method, country, status, failure_reason, count, first_try_count, amount_minor,
           received_minor, refunded_minor
    FROM payment_rollup WHERE count <> 0
"""

_step = st.tuples(
    st.integers(0, 4),
    st.sampled_from(["succeeded", "processing", "requires_payment_method", "canceled", "charge", "declined", "refund"]),
    st.integers(0, 5),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(_step, min_size=1, max_size=6), min_size=1, max_size=6))
def test_rollup_equals_direct_aggregation(uow: UnitOfWork, batches: list[list[tuple[int, str, int]]]):
    with uow.session.begin_nested() as trial:
        _play(uow, batches)
        assert sorted(map(tuple, _fetched(uow, _ROLLED))) == sorted(map(tuple, _fetched(uow, _DIRECT)))
        trial.rollback()


def _fetched(uow: UnitOfWork, statement: str) -> list:
    return [tuple(str(value) for value in row) for row in uow.session.execute(text(statement))]


def _play(uow: UnitOfWork, batches: list[list[tuple[int, str, int]]]) -> None:
    account = make.connected_account(uow)
    intents = [make.intent(at=START + dt.timedelta(minutes=25 * n), amount=1000 + n) for n in range(5)]
    for batch in batches:
        charges, states = [], []
        for number, action, age in batch:
            intent = intents[number]
            if action in ("charge", "declined", "refund"):
                charges.append(_charge(intent["id"], action, age))
            else:
                states.append((intent | {"status": action, "amount_received": 7 * age}, age))
        stored(uow, account, StripeObject.CHARGE, *charges)
        for state, age in states:
            stored(uow, account, StripeObject.PAYMENT_INTENT, state, seen_at=SEEN + dt.timedelta(seconds=age))


def _charge(intent: str, action: str, age: int) -> dict:
    at = START + dt.timedelta(hours=age)
    if action == "declined":
        return make.charge(intent=intent, at=at, status="failed", decline="do_not_honor", country="FR")
    return make.charge(intent=intent, at=at, amount_refunded=100 * age if action == "refund" else 0)
