"""Whether an account's statements prove every day, and which day they do not."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services import identity
from services.bank.errors import NoSuchBankRecord
from services.bank.models import BankAccount, BankStatement
from services.bank.policy import ChainLink, covered_through, day_states, gaps_of
from services.bank.queries import account_view, seen_account
from services.bank.views import AccountGap, CompletenessView, DayView, GapView
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_DAY = dt.timedelta(days=1)
_LONGEST_CALENDAR = 400


@dataclass(frozen=True, slots=True)
class _Chain:
    account: BankAccount
    through: dt.date
    links: list[ChainLink]
    gaps: list[GapView]


def completeness_of_all(uow: UnitOfWork) -> list[CompletenessView]:
    """`completeness` of every account the reader may see, through yesterday in its entity's zone."""
    yesterdays = _yesterdays(uow)
    return [_view(_chain(uow, account, yesterdays[account.entity_id])) for account in _accounts(uow)]


def completeness(uow: UnitOfWork, *, account_id: uuid.UUID, through: dt.date | None = None) -> CompletenessView:
    """What the account's statements prove up to and including the bank's day `through` (yesterday unless given), and
    where they break off. Raises NoSuchBankRecord outside the reader's entities.
    """
    account = seen_account(uow, account_id)
    return _view(_chain(uow, account, through or _yesterdays(uow)[account.entity_id]))


def gaps(
    uow: UnitOfWork,
    *,
    entity_id: uuid.UUID | None = None,
    account_id: uuid.UUID | None = None,
    from_day: dt.date | None = None,
    to_day: dt.date,
) -> list[AccountGap]:
    """The holes that touch the days `from_day` to `to_day` (both included) of an entity's accounts, of one account,
    or of all that the reader may see; oldest first. No hole says that every one of those days is proven, from each
    account's first statement on; an account opened by hand is awaited from the day it was opened.
    """
    found = []
    for account in _accounts(uow, entity_id=entity_id, account_id=account_id):
        view = account_view(account)
        holes = _chain(uow, account, to_day).gaps
        found += [AccountGap(view, gap) for gap in holes if from_day is None or gap.last_day >= from_day]
    return sorted(found, key=lambda item: (item.gap.first_day, item.account.iban))


def calendar(uow: UnitOfWork, *, account_id: uuid.UUID, first: dt.date, last: dt.date) -> list[DayView]:
    """Each day from `first` to `last` with what is known of it; at most 400 days, the later ones.

    Raises NoSuchBankRecord outside the reader's entities.
    """
    account = seen_account(uow, account_id)
    through = _yesterdays(uow)[account.entity_id]
    chain = _chain(uow, account, through)
    first = max(first, last - _LONGEST_CALENDAR * _DAY)
    rows = uow.session.execute(
        select(BankStatement.first_day, BankStatement.last_day, BankStatement.id, BankStatement.file_id)
        .where(BankStatement.account_id == account.id, BankStatement.last_day >= first, BankStatement.first_day <= last)
        .order_by(BankStatement.last_day, BankStatement.page)
    ).all()
    days = []
    for day, state in day_states(chain.links, chain.gaps, (first, last), chain.through, _country(account)):
        stated = next((row for row in rows if row.first_day <= day <= row.last_day), None)
        days.append(DayView(day, state, stated.id if stated else None, stated.file_id if stated else None))
    return days


def _chain(uow: UnitOfWork, account: BankAccount, through: dt.date) -> _Chain:
    if account.closed_on is not None:
        through = min(through, account.closed_on)
    rows = uow.session.execute(
        select(
            BankStatement.sequence,
            BankStatement.page,
            BankStatement.first_day,
            BankStatement.last_day,
            BankStatement.opening_minor,
            BankStatement.closing_minor,
            BankStatement.lines_minor,
            BankStatement.last_page,
        )
        .where(BankStatement.account_id == account.id, BankStatement.first_day <= through)
        .order_by(BankStatement.last_day, BankStatement.sequence, BankStatement.page)
    ).all()
    links = [ChainLink(*row) for row in rows]
    opened = account.created_at.astimezone(ZoneInfo("UTC")).date()
    return _Chain(account, through, links, gaps_of(links, through, awaited_from=opened, country=_country(account)))


def _country(account: BankAccount) -> str | None:
    """Whose holidays the bank keeps besides TARGET's days: euro is settled on every one of them."""
    return None if account.currency == "EUR" else account.iban[:2]


def _view(chain: _Chain) -> CompletenessView:
    return CompletenessView(
        account=account_view(chain.account),
        through=chain.through,
        statements=len(chain.links),
        first_day=min((link.first_day for link in chain.links), default=None),
        last_day=max((link.last_day for link in chain.links), default=None),
        covered_through=covered_through(chain.links, chain.gaps, chain.through),
        complete=bool(chain.links) and not chain.gaps,
        gaps=tuple(chain.gaps),
    )


def _accounts(
    uow: UnitOfWork, *, entity_id: uuid.UUID | None = None, account_id: uuid.UUID | None = None
) -> list[BankAccount]:
    scope = uow.actor.scope(Permission.BANK_READ)
    query = select(BankAccount).where(scope.allows(BankAccount.entity_id))
    if entity_id is not None:
        query = query.where(BankAccount.entity_id == entity_id)
    if account_id is not None:
        query = query.where(BankAccount.id == account_id)
    found = list(uow.session.scalars(query.order_by(BankAccount.iban, BankAccount.currency)))
    if account_id is not None and not found:
        raise NoSuchBankRecord("There is no such bank account in the entities you may see.")
    return found


def _yesterdays(uow: UnitOfWork) -> dict[uuid.UUID, dt.date]:
    return {entity.id: uow.clock.today(entity.time_zone) - _DAY for entity in identity.legal_entities(uow)}
