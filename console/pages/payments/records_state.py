"""States of single records: a payment, a payout, a customer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import reflex as rx

from console import routes
from console.design.format import UNKNOWN
from console.kit import backend, session
from console.kit.authz import event
from console.kit.page_state import PageState
from console.kit.trail_state import TrailFields
from console.pages.payments.rows import (
    customer_row,
    money_lines,
    movement_row,
    payment_row,
    payout_row,
    shown,
    story_items,
)
from console.pages.payments.standing import bank_line_row, break_row, happenings
from services import payments, reconciliation
from services.core.clock import business_day
from services.core.permissions import Permission
from services.payments import InvoiceLine, MovementView, PayoutRow
from services.reconciliation import RecordStanding

Rows = list[dict[str, str]]


def movement_keys(movements: Sequence[MovementView]) -> list[str]:
    """The keys under which reconciliation knows balance transactions."""
    return [f"{one.source_ref}:{one.category}" for one in movements if one.source_ref]


class StandingState(PageState, mixin=True):
    """A record with what reconciliation says of it, for readers who may see that."""

    breaks: rx.Field[Rows] = rx.field(default_factory=list)
    bank_lines: rx.Field[Rows] = rx.field(default_factory=list)
    reconciled: bool = False

    async def _standing(self, entity_id: uuid.UUID, movements: list[str], payouts: list[PayoutRow]) -> RecordStanding:
        """Fills the two lists; empty for a reader without the right."""
        self.reconciled = session.PRINCIPAL.get().actor.may(Permission.RECONCILIATION_READ)
        if not self.reconciled:
            return RecordStanding((), (), ())
        standing = await backend.load(
            self,  # pyright: ignore[reportArgumentType]
            reconciliation.standing_of,
            entity_id=entity_id,
            movements=movements,
            payouts=[payout.stripe_id for payout in payouts],
        )
        reader = await self._reader()
        self.breaks = [break_row(one, reader) for one in standing.breaks]
        self.bank_lines = [bank_line_row(one, reader) for one in standing.bank_lines]
        return standing


class PaymentDetail(StandingState, TrailFields, rx.State):
    """One payment with its whole story."""

    payment: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    story: rx.Field[Rows] = rx.field(default_factory=list)
    movements: rx.Field[Rows] = rx.field(default_factory=list)
    payouts: rx.Field[Rows] = rx.field(default_factory=list)

    @event(Permission.PAYMENT_READ)
    async def load(self) -> None:
        found = await backend.load(self, payments.payment_story, payment_id=self._parameter("payment_id"))  # pyright: ignore[reportArgumentType]
        reader = await self._reader()
        customer, invoice = found.customer, found.invoice
        self.payment = payment_row(found.payment, reader) | {
            "title": reader.money(found.payment.amount),
            "received": reader.money(found.received),
            "fees": money_lines(found.fees, reader),
            "account": found.account,
            "description": found.description or UNKNOWN,
            "read_at": reader.text("payments.read_at", when=reader.moment(found.read_at)),
            "method": shown(found.payment.method, reader),
            "customer_href": routes.to(routes.CUSTOMER, customer_id=customer.id) if customer else "",
            "invoice": (invoice.number or invoice.stripe_id) if invoice else UNKNOWN,
            "invoice_status": invoice.status if invoice else "",
        }
        standing = await self._standing(found.payment.entity_id, movement_keys(found.movements), found.payouts)
        self.story = story_items(found, reader, happenings(standing, reader))
        self.movements = [movement_row(one, reader) for one in found.movements]
        self.payouts = [payout_row(one, reader) for one in found.payouts]
        await self._follow("payment", found.payment.id, Permission.PAYMENT_READ)
        self._done()


class PayoutDetail(StandingState, TrailFields, rx.State):
    """One payout with what it is made of, and what the bank says of it."""

    payout: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    movements: rx.Field[Rows] = rx.field(default_factory=list)
    part_note: str = ""

    @event(Permission.PAYMENT_READ)
    async def load(self) -> None:
        found = await backend.load(self, payments.payout_story, payout_id=self._parameter("payout_id"))  # pyright: ignore[reportArgumentType]
        reader = await self._reader()
        self.payout = payout_row(found.payout, reader) | {
            "title": reader.money(found.payout.amount),
            "account": found.account,
            "method": found.method,
            "descriptor": found.descriptor or UNKNOWN,
            "read_at": reader.moment(found.composed_at),
        }
        await self._standing(found.payout.entity_id, [], [found.payout])
        self.movements = [movement_row(one, reader) for one in found.movements]
        cut = len(found.movements) < found.payout.parts
        count = reader.number(len(found.movements))
        self.part_note = reader.text("payments.first_parts", count=count) if cut else count
        await self._follow("payout", found.payout.id, Permission.PAYMENT_READ)
        self._done()


class CustomerDetail(PageState, TrailFields, rx.State):
    """One customer with the newest payments and invoices."""

    customer: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    payments: rx.Field[Rows] = rx.field(default_factory=list)
    invoices: rx.Field[Rows] = rx.field(default_factory=list)

    @event(Permission.PAYMENT_READ)
    async def load(self) -> None:
        found = await backend.load(self, payments.customer_story, customer_id=self._parameter("customer_id"))  # pyright: ignore[reportArgumentType]
        reader = await self._reader()
        self.customer = customer_row(found.customer, reader) | {"account": found.account}
        self.payments = [payment_row(one, reader) for one in found.payments[:100]]

        def invoice(line: InvoiceLine) -> dict[str, str]:
            return {
                "number": line.number or line.stripe_id,
                "when": reader.date(business_day(line.created_at, reader.time_zone)),
                "status": line.status,
                "total": reader.amount(line.total),
                "open": reader.amount(line.remaining),
                "currency": line.total.currency,
                "due": reader.date(business_day(line.due_at, reader.time_zone)) if line.due_at else UNKNOWN,
            }

        self.invoices = [invoice(line) for line in found.invoices[:100]]
        await self._follow("customer", found.customer.id, Permission.PAYMENT_READ)
        self._done()
