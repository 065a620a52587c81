"""What decided over who has to agree to a request, as the reader reads it."""

from __future__ import annotations

from console.design.format import Reader
from services.approvals import Reached, Standing, Team, Tier
from services.core.money import Money


def decided_line(standing: Standing, reader: Reader) -> str:
    """The rows or the money that reached a threshold, or came nearest to one."""
    facts, tier = standing.facts, standing.tier
    rows, most = facts.rows or 0, tier.from_rows or 0
    if standing.reached is Reached.ROWS:
        return reader.text("approvals.decided_rows", rows=reader.number(rows), limit=reader.number(most))
    if facts.amount_minor is None or facts.currency is None:
        return reader.text("approvals.decided_always")
    amount = reader.money(Money(facts.amount_minor, facts.currency))
    if standing.reached is Reached.AMOUNT:
        limit = reader.money(Money(tier.from_amount[facts.currency], facts.currency))
        return reader.text("approvals.decided_amount", amount=amount, limit=limit)
    return reader.text(f"approvals.decided_{standing.reached.value}_of", amount=amount)


def teams_line(tier: Tier, reader: Reader) -> str:
    """2 × Finance, 1 × Ops."""
    return ", ".join(
        reader.text(
            "approvals.team_count",
            count=reader.number(tier.quorum[team]),
            team=reader.text(f"approvals.team_{team.value}"),
        )
        for team in Team
        if tier.quorum.get(team)
    )
