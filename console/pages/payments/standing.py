"""What reconciliation says of a payment or a payout: its breaks, its bank lines, and what people did about them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import reflex as rx

from console import routes
from console.components import card, list_item, list_rows, mono, muted, shape
from console.design.format import Reader
from console.design.texts import t
from services.audit import AuditEntryView
from services.core.clock import day_bounds
from services.core.money import Money
from services.reconciliation import BankLineView, BreakView, RecordStanding

Row = dict[str, str]
Happened = tuple[dt.datetime, Row]
"""When it happened, and the line of the timeline that says it."""

_DEEDS = frozenset({"commented", "assigned", "resolved", "reopened"})


def break_row(found: BreakView, reader: Reader) -> Row:
    return {
        "name": found.name,
        "href": routes.to(routes.BREAK, break_id=found.number),
        "class": reader.text(f"payments.class_{found.break_class}"),
        "state": "resolved" if found.closed_seq is not None or found.state == "resolved" else "open",
        "delta": reader.signed_money(Money(found.delta_minor, found.currency)),
    }


def bank_line_row(line: BankLineView, reader: Reader) -> Row:
    return {
        "reference": line.reference or line.ext_key,
        "booked": reader.date(line.booked_on),
        "account": line.account,
        "amount": reader.money(Money(line.minor, line.currency)),
        "payout": line.payout_ref,
    }


def happenings(standing: RecordStanding, reader: Reader) -> list[Happened]:
    """Bank lines by their booking day, and every deed on a break, as lines of a record's story."""
    return [_booked(line, reader) for line in standing.bank_lines] + [_deed(deed, reader) for deed in standing.deeds]


def _booked(line: BankLineView, reader: Reader) -> Happened:
    amount = reader.money(Money(line.minor, line.currency))
    what = reader.text("payments.story_bank_line", amount=amount, account=line.account)
    item = {"icon": "landmark", "who": "", "what": what, "when": reader.date(line.booked_on), "said": ""}
    return day_bounds(line.booked_on, reader.time_zone)[0], item


def _deed(deed: AuditEntryView, reader: Reader) -> Happened:
    verb = deed.action.rpartition(".")[2]
    key = f"payments.deed_{verb}" if verb in _DEEDS else "payments.deed_other"
    what = reader.text(key, verb=verb.replace("_", " "), name=f"B-{deed.subject_id}")
    when = reader.moment(deed.recorded_at)
    return deed.recorded_at, {
        "icon": "scale",
        "who": deed.actor_name,
        "what": what,
        "when": when,
        "said": deed.reason or "",
    }


def standing_cards(state: Any) -> list[rx.Component]:
    """The two cards beside a record, for a reader who may see reconciliation."""
    lines = rx.cond(
        state.bank_lines.length() > 0, list_rows(state.bank_lines, _bank_line), muted(t("payments.no_bank_line"))
    )
    breaks = rx.cond(state.breaks.length() > 0, list_rows(state.breaks, _break), muted(t("payments.no_breaks")))
    return [
        rx.cond(state.reconciled, card(lines, title=t("payments.bank_lines"))),
        rx.cond(state.reconciled, card(breaks, title=t("payments.breaks"))),
    ]


def _bank_line(item: rx.Var) -> rx.Component:
    return list_item(
        mark=shape("eq", "ok"),
        title=mono(item["reference"]),
        note=rx.el.span(item["booked"], " · ", item["account"]),
        end=[rx.el.span(item["amount"], class_name="num")],
    )


def _break(item: rx.Var) -> rx.Component:
    solved = item["state"] == "resolved"
    return list_item(
        mark=rx.cond(solved, shape("ok", "ok"), shape("ne", "warn")),
        title=rx.el.span(item["name"], " ", item["class"]),
        href=item["href"],
        note=rx.cond(solved, t("payments.break_resolved"), t("payments.break_open")),
        end=[rx.el.span(item["delta"], class_name="num")],
    )
