"""Payments, payouts and customers as the reader reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import urlencode

from console import routes
from console.design.format import UNKNOWN, Reader, compact_id
from services.core.clock import business_day
from services.core.money import Money
from services.payments import CustomerRow, MovementView, PaymentRow, PaymentStory, PayoutRow, Share, Totals

Row = dict[str, str]
_UNKNOWN = {"ZZ": "payments.unknown_country", "unknown": "payments.unknown_method"}
_LOOKS = {"succeeded": "check", "failed": "x", "pending": "clock"}


def payment_row(row: PaymentRow, reader: Reader) -> Row:
    return {
        "id": str(row.id),
        "href": routes.to(routes.PAYMENT, payment_id=row.id),
        "stripe_id": row.stripe_id,
        "short_id": compact_id(row.stripe_id),
        "when": reader.moment(row.created_at),
        "amount": reader.amount(row.amount),
        "currency": row.amount.currency,
        "status": row.status,
        "method": shown(row.method, reader),
        "country": shown(row.country, reader),
        "failure": row.failure.replace("_", " ") or UNKNOWN,
        "attempts": reader.number(row.attempts),
        "customer": row.customer or row.customer_ref or UNKNOWN,
        "disputed": "1" if row.disputed else "",
        "refunded": reader.money(row.refunded) if row.refunded.minor else "",
    }


def payout_row(row: PayoutRow, reader: Reader) -> Row:
    off = None if row.composed is None else row.amount - row.composed
    return {
        "id": str(row.id),
        "href": routes.to(routes.PAYOUT, payout_id=row.id),
        "stripe_id": row.stripe_id,
        "short_id": compact_id(row.stripe_id),
        "when": reader.moment(row.created_at),
        "arrival": reader.date(row.arrival_on),
        "amount": reader.amount(row.amount),
        "currency": row.amount.currency,
        "status": row.status,
        "trace": row.trace_ref or UNKNOWN,
        "parts": reader.number(row.parts),
        "sum": "unread" if off is None else "off" if off.minor else "ok",
        "off": reader.signed_money(off) if off is not None and off.minor else "",
        "composed": UNKNOWN if row.composed is None else reader.money(row.composed),
        "failure": row.failure_code or "",
    }


def customer_row(row: CustomerRow, reader: Reader) -> Row:
    state = "deleted" if row.deleted else "delinquent" if row.delinquent else "active"
    return {
        "id": str(row.id),
        "href": routes.to(routes.CUSTOMER, customer_id=row.id),
        "stripe_id": row.stripe_id,
        "name": row.name or row.stripe_id,
        "email": row.email or UNKNOWN,
        "country": row.country or UNKNOWN,
        "since": reader.date(business_day(row.created_at, reader.time_zone)),
        "state": state,
    }


def movement_row(row: MovementView, reader: Reader) -> Row:
    return {
        "stripe_id": row.stripe_id,
        "short_id": compact_id(row.stripe_id),
        "when": reader.moment(row.created_at),
        "category": row.category.replace("_", " "),
        "source": row.source_ref or UNKNOWN,
        "short_source": compact_id(row.source_ref) if row.source_ref else UNKNOWN,
        "amount": reader.signed_amount(row.amount),
        "fee": reader.amount(row.fee),
        "net": reader.signed_amount(row.net),
        "currency": row.amount.currency,
    }


def share_rows(shares: Sequence[Share], parameter: str, query: dict[str, str], reader: Reader) -> list[Row]:
    """Values of a dimension with a bar against the largest, each a link that narrows the page to it."""
    largest = max((share.totals.count for share in shares), default=1)
    return [
        {
            "label": shown(share.value, reader),
            "value": reader.number(share.totals.count),
            "width": f"{100 * share.totals.count / largest:.1f}%",
            "rate": reader.percent(share.totals.success_rate, decimals=1)
            if share.totals.success_rate is not None
            else UNKNOWN,
            "href": f"{routes.PAYMENTS}?{urlencode({**query, parameter: share.value})}",
        }
        for share in shares
    ]


def shown(value: str, reader: Reader) -> str:
    return reader.text(_UNKNOWN[value]) if value in _UNKNOWN else value.replace("_", " ")


def money_lines(sums: Sequence[Money], reader: Reader) -> str:
    return " + ".join(reader.money(one) for one in sums) or UNKNOWN


def tiles(totals: Totals, former: Totals, reader: Reader) -> Row:
    """The figures over the chart and what they were before."""
    ended = totals.succeeded + totals.failed
    return {
        "count": reader.number(totals.count),
        "count_note": _change(totals.count, former.count, reader),
        "received": reader.money(totals.received[0]) if totals.received else UNKNOWN,
        "received_note": money_lines(totals.received[1:], reader) if len(totals.received) > 1 else "",
        "rate": _percent(totals.success_rate, reader),
        "rate_note": _points(totals.success_rate, former.success_rate, reader),
        "first": _percent(totals.first_try_rate, reader),
        "first_note": _points(totals.first_try_rate, former.first_try_rate, reader),
        "failed": reader.number(totals.failed),
        "failed_note": reader.text(
            "payments.of_ended", succeeded=reader.number(totals.succeeded), ended=reader.number(ended)
        ),
    }


def _percent(ratio: float | None, reader: Reader) -> str:
    return UNKNOWN if ratio is None else reader.percent(ratio, decimals=1)


def _change(now: int, before: int, reader: Reader) -> str:
    if not before:
        return reader.text("payments.no_former")
    change = (now - before) / before
    sign = "+" if change > 0 else ""
    return reader.text("payments.against", change=sign + reader.percent(change, decimals=1))


def _points(now: float | None, before: float | None, reader: Reader) -> str:
    if now is None or before is None:
        return reader.text("payments.no_former")
    change = Decimal(str(round((now - before) * 100, 1)))
    text = reader.signed_number(change, decimals=1)
    return reader.text("payments.points", change=text)


def story_items(story: PaymentStory, reader: Reader, more: Sequence[tuple[dt.datetime, Row]] = ()) -> list[Row]:
    """Everything that happened to a payment, oldest first, as a timeline; `more` is what others know of it."""
    happened: list[tuple[dt.datetime, str, str]] = [
        (
            story.payment.created_at,
            "credit-card",
            reader.text("payments.story_made", amount=reader.money(story.payment.amount)),
        )
    ]
    if story.canceled_at:
        happened.append((story.canceled_at, "x", reader.text("payments.story_canceled")))
    for charge in story.charges:
        text = reader.text(
            f"payments.story_charge_{charge.status}",
            amount=reader.money(charge.amount),
            with_=charge.instrument or shown(charge.method, reader),
            failure=(charge.failure or UNKNOWN).replace("_", " "),
        )
        happened.append((charge.created_at, _LOOKS.get(charge.status, "clock"), text))
    for refund in story.refunds:
        text = reader.text("payments.story_refund", amount=reader.money(refund.amount), status=refund.status)
        happened.append((refund.created_at, "undo-2", text))
    for dispute in story.disputes:
        text = reader.text(
            "payments.story_dispute",
            amount=reader.money(dispute.amount),
            status=dispute.status.replace("_", " "),
            reason=dispute.reason.replace("_", " "),
        )
        happened.append((dispute.created_at, "mail-warning", text))
    for payout in story.payouts:
        text = reader.text("payments.story_payout", payout=payout.stripe_id, amount=reader.money(payout.amount))
        happened.append((payout.created_at, "landmark", text))
    for event in story.events:
        happened.append((event.made_at, "webhook", reader.text("payments.story_event", type=event.type)))
    lines = [
        (at, {"icon": icon, "who": "", "what": what, "when": reader.moment(at), "said": ""})
        for at, icon, what in happened
    ]
    return [line for _, line in sorted([*lines, *more], key=lambda one: one[0])]
