"""Figures and invoices of dunning as rows of strings, written for the reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from babel.dates import format_date

from console import routes
from console.design.format import Reader
from console.design.texts import tr
from services import dunning
from services.core.money import Money
from services.dunning import Age, Figure, InvoiceFilter

Row = dict[str, str]


def figure_row(figure: Figure, label: str, most: int, currency: str, reader: Reader) -> Row:
    """A bar with its count and amount, and the address of exactly its rows."""
    return {
        "label": label,
        "count": reader.number(figure.count),
        "amount": reader.amount(Money(figure.amount_minor, currency)),
        "currency": currency,
        "width": f"{100 * figure.count / most:.1f}%" if most else "0%",
        "href": address(figure.filter) if figure.count else "",
    }


def figure_rows(figures: Sequence[Figure], labels: Sequence[str], currency: str, reader: Reader) -> list[Row]:
    most = max((figure.count for figure in figures), default=0)
    return [figure_row(figure, label, most, currency, reader) for figure, label in zip(figures, labels, strict=True)]


def tile(figure: Figure, currency: str, reader: Reader) -> Row:
    return {
        "value": reader.money(Money(figure.amount_minor, currency)),
        "note": reader.text("dunning.invoices_count", count=reader.number(figure.count)),
        "href": address(figure.filter),
    }


def recovered_tile(found: dunning.DunningOverview, reader: Reader) -> Row:
    """The share recovered of what failed in all months shown."""
    failed, recovered = found.failed.count, found.recovered.count
    note = reader.text("dunning.recovered_note", recovered=reader.number(recovered), failed=reader.number(failed))
    value = reader.percent(Decimal(recovered) / failed, decimals=1) if failed else "—"
    return {"value": value, "note": note, "href": address(found.recovered.filter)}


def month_row(month: dunning.RecoveryMonth, reader: Reader) -> Row:
    row = {
        "month": month_name(month.month, reader),
        "rate": "—" if month.rate is None else reader.percent(Decimal(month.rate) / 100, decimals=1),
        "median": "—" if month.median_days is None else reader.number(Decimal(str(month.median_days)), decimals=1),
    }
    for name in ("failed", "recovered", "still_open", "lost"):
        figure: Figure = getattr(month, name)
        row |= {name: reader.number(figure.count), f"{name}_href": address(figure.filter) if figure.count else ""}
    return row


def invoice_row(row: dunning.InvoiceRow, reader: Reader) -> Row:
    return {
        "id": str(row.invoice_id),
        "name": row.number or row.invoice_ref,
        "ref": row.invoice_ref,
        "href": routes.to(routes.PAYMENT, payment_id=row.payment_id) if row.payment_id else "",
        "customer": row.customer_name or row.customer_ref or "—",
        "amount": reader.amount(Money(row.owed_minor, row.currency)),
        "currency": row.currency,
        "method": tr(reader.locale, f"dunning.method_{row.method}", default=reason_word(row.method)),
        "due": reader.date(row.due_on),
        "age": reader.number(max(0, row.age_days)),
        "attempts": reader.number(row.failed_attempts),
        "reason": reason_word(row.reason) if row.reason else "—",
        "state": "collecting" if row.status == "open" and row.in_collection else row.status,
    }


def address(filter_: InvoiceFilter) -> str:
    """The list with this filter in its address."""
    return routes.to(routes.DUNNING_INVOICES, query=filter_.address())


def age_label(age: Age, reader: Reader) -> str:
    if age is Age.NOT_DUE:
        return reader.text("dunning.age_not_due")
    if age is Age.OLDER:
        return reader.text("dunning.age_older")
    return reader.text("dunning.age_days", days=age.value.replace("-", "–"))


def attempts_label(number: int, reader: Reader) -> str:
    if number == dunning.MOST_ATTEMPTS:
        return reader.text("dunning.attempts_most")
    return reader.text(f"dunning.attempts_{number if number < 2 else 'n'}", count=number)


def reason_word(reason: str) -> str:
    """Stripe's code as words: insufficient_funds → Insufficient funds. Not translated: support asks for the code."""
    return reason.replace("_", " ").capitalize()


def month_name(month: str, reader: Reader) -> str:
    """2026-03 → Mar 2026 / März 2026."""
    day = dt.date.fromisoformat(f"{month}-01")
    return format_date(day, "MMM y", locale="en_GB" if reader.locale == "en" else "de_DE")


def amounts(totals: Sequence[tuple[str, int, int]], reader: Reader) -> str:
    """What is owed in each currency, side by side: currencies are never added up."""
    return " · ".join(reader.money(Money(owed, currency)) for currency, _, owed in totals)
