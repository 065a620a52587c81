"""What a run adds up: totals per currency, the proof that the difference is explained, and the digest of it all."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, select, text

from services.core.canonical_json import digest
from services.reconciliation.carry import Carried
from services.reconciliation.errors import DifferenceUnexplained
from services.reconciliation.fold import (
    STANDING_FINDINGS,
    fingerprint_again,
    fingerprint_of_fold,
    read_fold,
    write_fold,
)
from services.reconciliation.models import ReconciliationRun, Total
from services.reconciliation.policy import deviation_ppm
from services.reconciliation.scene import Scene
from services.reconciliation.views import TotalView
from services.reconciliation.vocabulary import Span

_SIDE_TOTALS = """
SELECT source_id, currency, sum(entries), sum(amount_minor),
       coalesce(sum(entries) FILTER (WHERE booked_on = :through), 0),
       coalesce(sum(amount_minor) FILTER (WHERE booked_on = :through), 0)
FROM recon_entry_total WHERE source_id IN (:left, :right) AND booked_on <= :through
GROUP BY source_id, currency HAVING sum(entries) > 0
"""


_AWAITED = """
SELECT currency, count(*) AS items, count(*) FILTER (WHERE side = 'left') AS with_left,
       sum(CASE side WHEN 'left' THEN amount_minor ELSE -amount_minor END) AS minor
FROM recon_expected_now GROUP BY currency
"""
# What a group leaves between its sides: a tolerated difference, or another currency.
_RESIDUALS = """
SELECT member.currency, sum(CASE side WHEN 'left' THEN 1 ELSE -1 END * coalesce(allocated_minor, amount_minor)) AS minor
FROM recon_match m JOIN recon_match_member member ON member.match_id = m.id
WHERE m.entity_id = :entity AND m.definition = :definition AND m.closed_seq IS NULL
GROUP BY member.currency
"""

# One line a finding, in the order of the covering key, whatever tables it is read from.
FINDINGS_DIGEST = """
SELECT coalesce(encode(sha256(convert_to(string_agg(concat_ws('|', subject_key, occurrence, break_class,
       coalesce(left_key, '-'), coalesce(left_minor::varchar, '-'), coalesce(left_currency, '-'),
       coalesce(left_value, '-'), coalesce(right_key, '-'), coalesce(right_minor::varchar, '-'),
       coalesce(right_currency, '-'), coalesce(right_value, '-'), delta_minor, currency, booked_on),
       E'\\n' ORDER BY subject_key, occurrence), 'UTF8')), 'hex'), '')
FROM {findings}
"""
GROUPS_DIGEST = """
SELECT coalesce(encode(sha256(convert_to(string_agg(fingerprint, E'\\n' ORDER BY fingerprint), 'UTF8')), 'hex'), '')
FROM recon_match WHERE entity_id = :entity AND definition = :definition AND first_seq <= :seq
    AND (closed_seq IS NULL OR closed_seq > :seq)
"""
EXPECTED_DIGEST = """
SELECT coalesce(encode(sha256(convert_to(string_agg(concat_ws('|', side, ext_key, occurrence, amount_minor, currency,
       booked_on, why), E'\\n' ORDER BY side, ext_key, occurrence), 'UTF8')), 'hex'), '') FROM {expected}
"""
EXPECTED_NOW = "recon_expected_now"
KEPT_EXPECTED = "(SELECT * FROM recon_expected WHERE run_id = :run) kept"


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands after a run: findings by class, a fingerprint of all their facts, their fold, and what is expected.

    `with_left` counts the left entries among findings and expected items, which therefore did not match.
    """

    by_class: dict[str, int]
    with_left: int
    fingerprint: str
    rows: tuple[Any, ...]
    awaited: tuple[Any, ...]

    @property
    def expected(self) -> int:
        return sum(row.items for row in self.awaited)


def standing(
    connection: Connection, scene: Scene, *, entity: uuid.UUID, definition: str, carried: Carried, only_dirty: bool
) -> Standing:
    """Folds every break the run stands on; resolved ones are found, but no longer open."""
    if not (only_dirty and carried.nothing):
        write_fold(connection, entity=entity, definition=definition, only_changes=only_dirty and not carried.first)
    rows = read_fold(connection, entity=entity, definition=definition, through=scene.through, first=carried.first)
    by_class: dict[str, int] = defaultdict(int)
    for row in rows:
        by_class[row.break_class] += int(row.items)
    fingerprint = fingerprint_of_fold(connection, entity=entity, definition=definition)
    awaited = connection.execute(text(_AWAITED)).all()
    return Standing(
        {name: items for name, items in by_class.items() if items},
        sum(int(row.with_left) for row in (*rows, *awaited)),
        fingerprint,
        tuple(rows),
        tuple(awaited),
    )


def totals(connection: Connection, scene: Scene, found: Standing) -> tuple[list[TotalView], int]:
    """Both spans of every currency that occurs on either side or in a finding, and the run's deviation in ppm.

    That is the largest of a currency, without what counts in another one: a wrong currency is one fault, not two.
    """
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 6)
    for source, currency, entries, minor, day_entries, day_minor in connection.execute(
        text(_SIDE_TOTALS), scene.values
    ):
        at = 0 if source == scene.left else 2
        for span, pair in ((Span.ALL, (entries, minor)), (Span.DAY, (day_entries, day_minor))):
            sums[span, currency][at : at + 2] = [int(pair[0]), int(pair[1])]
    for row in found.rows:
        for currency, minor in _opened(row) if not row.resolved else ():
            left_entries, _, right_entries, *_ = sums[Span.ALL, currency]
            elsewhere = row.break_class == "currency" and not (left_entries and right_entries)
            for span in (Span.ALL, Span.DAY) if row.today else (Span.ALL,):
                sums[span, currency][4] += minor
                sums[span, currency][5] += minor * elsewhere
    for _, currency in list(sums):
        sums.setdefault((Span.DAY, currency), [0] * 6)
    rows = [
        TotalView(Span(span), currency, row[0], row[1], row[2], row[3], row[4], deviation_ppm(row[4], row[1]))
        for (span, currency), row in sorted(sums.items())
    ]
    counting = (deviation_ppm(row[4] - row[5], row[1]) for (span, _), row in sums.items() if span is Span.ALL)
    return rows, max(counting, default=0)


def _opened(row: Any) -> list[tuple[str, int]]:
    """What a fold of breaks leaves open, by currency: every class in its own, a wrong currency in both."""
    own = [(row.currency, int(row.delta))]
    return [*own, (row.right_currency, abs(int(row.right_minor)))] if row.break_class == "currency" else own


def check_explained(
    connection: Connection, rows: list[TotalView], found: Standing, *, entity: uuid.UUID, definition: str
) -> None:
    """Left minus right must be the sum of findings, expected items and what groups leave, or nothing is stored."""
    explained: dict[str, int] = defaultdict(int)
    for row in found.rows:
        if row.left_minor:
            explained[row.left_currency] += int(row.left_minor)
        if row.right_minor:
            explained[row.right_currency or row.left_currency] -= int(row.right_minor)
    scope = {"entity": entity, "definition": definition}
    for row in (*found.awaited, *connection.execute(text(_RESIDUALS), scope)):
        explained[row.currency] += int(row.minor)
    for row in rows:
        missing = row.left_minor - row.right_minor - explained[row.currency]
        if row.span is Span.ALL and missing:
            raise DifferenceUnexplained(
                f"{missing} minor units of {row.currency} are neither in a break nor expected. Nothing was stored.",
                currency=row.currency,
                minor=missing,
            )


def content_digest(
    connection: Connection, run: ReconciliationRun, *, rows: list[TotalView], expected: str, fingerprint: str | None
) -> str:
    """SHA-256 over the canonical JSON of what a run found; computed alike when it is made and when it is verified.

    Findings stand in it by their fingerprint, which costs a run little; a signature adds `findings_digest`.
    """
    values = {"entity": run.entity_id, "definition": run.definition, "seq": run.seq, "run": run.id}
    findings = {"fingerprint": fingerprint} if fingerprint else {"findings": findings_digest(connection, run)}
    parts = findings | {
        "groups": connection.scalar(text(GROUPS_DIGEST), values),
        "expected": connection.scalar(text(EXPECTED_DIGEST.format(expected=expected)), values),
    }
    return digest(
        parts
        | {
            "definition": run.definition,
            "entity": run.entity_id,
            "through": run.through,
            "rule_version": run.rule_version,
            "matched": run.matched,
            "totals": [total_document(row) for row in rows],
        }
    )


def findings_digest(connection: Connection, run: ReconciliationRun) -> str:
    """SHA-256 over every finding a run stands on, a line each."""
    values = {"entity": run.entity_id, "definition": run.definition, "seq": run.seq}
    return connection.scalar(text(FINDINGS_DIGEST.format(findings=STANDING_FINDINGS)), values) or ""


def kept_totals(connection: Connection, run_id: uuid.UUID) -> list[TotalView]:
    """A run's totals as they were stored."""
    columns = [getattr(Total, one.name) for one in fields(TotalView)]
    statement = select(*columns).where(Total.run_id == run_id).order_by(Total.span, Total.currency)
    rows = connection.execute(statement)
    return [TotalView(**dict(row._mapping, span=Span(row.span))) for row in rows]


def content_again(connection: Connection, run: ReconciliationRun) -> str:
    """The digest of what a run found, matched and expected, computed from the rows as they stand."""
    return content_digest(
        connection,
        run,
        rows=kept_totals(connection, run.id),
        expected=KEPT_EXPECTED,
        fingerprint=fingerprint_again(connection, run),
    )


def total_document(row: TotalView) -> dict[str, Any]:
    """One total in canonical JSON values."""
    return {
        "span": row.span.value,
        "currency": row.currency,
        "left": [row.left_entries, row.left_minor],
        "right": [row.right_entries, row.right_minor],
        "open": row.open_minor,
        "deviation_ppm": row.deviation_ppm,
    }
