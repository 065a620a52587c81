"""What a run adds up: totals per currency, the proof that the difference is explained, and the digest of it all."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from services.core.canonical_json import digest
from services.reconciliation.errors import DifferenceUnexplained
from services.reconciliation.models import ReconciliationRun
from services.reconciliation.policy import deviation_ppm
from services.reconciliation.settlement import Scene
from services.reconciliation.vocabulary import Span

_SIDE_TOTALS = """
SELECT source_id, currency, sum(entries), sum(amount_minor),
       coalesce(sum(entries) FILTER (WHERE booked_on = :through), 0),
       coalesce(sum(amount_minor) FILTER (WHERE booked_on = :through), 0)
FROM recon_entry_total WHERE source_id IN (:left, :right) AND booked_on <= :through
GROUP BY source_id, currency HAVING sum(entries) > 0
"""

# Every class has its delta in its own currency; a break of currency stands in both, counted apart.
_OPEN = """
SELECT currency,
       coalesce(sum(minor) FILTER (WHERE NOT swapped), 0) AS own,
       coalesce(sum(minor) FILTER (WHERE NOT swapped AND booked_on = :through), 0) AS own_day,
       coalesce(sum(minor) FILTER (WHERE swapped), 0) AS swapped,
       coalesce(sum(minor) FILTER (WHERE swapped AND booked_on = :through), 0) AS swapped_day
FROM (
    SELECT currency, abs(delta_minor) AS minor, booked_on, break_class = 'currency' AS swapped FROM {findings}
    UNION ALL
    SELECT right_currency, abs(right_minor), booked_on, true FROM {findings} WHERE break_class = 'currency'
) deltas GROUP BY currency
"""
FOUND = "recon_found"
RESOLVED_FINDINGS = """(
    SELECT * FROM recon_break WHERE entity_id = :entity AND definition = :definition
        AND closed_seq IS NULL AND state = 'resolved') resolved"""

_EXPLAINED = """
SELECT currency, sum(minor) FROM (
    SELECT left_currency AS currency, left_minor AS minor FROM recon_found WHERE left_minor IS NOT NULL
    UNION ALL
    SELECT coalesce(right_currency, left_currency), -right_minor FROM recon_found WHERE right_minor IS NOT NULL
    UNION ALL
    SELECT currency, CASE side WHEN 'left' THEN amount_minor ELSE -amount_minor END FROM recon_expected_now
) parts GROUP BY currency
"""

_COUNTS = """
SELECT break_class, count(*), count(*) FILTER (WHERE left_key IS NOT NULL) FROM recon_found GROUP BY break_class
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
STANDING_FINDINGS = """(
    SELECT subject_key, occurrence, break_class, left_key, left_minor, left_currency, left_value, right_key,
           right_minor, right_currency, right_value, delta_minor, currency, booked_on
    FROM recon_break WHERE entity_id = :entity AND definition = :definition
        AND since_seq <= :seq AND (closed_seq IS NULL OR closed_seq > :seq)
    UNION ALL
    SELECT subject_key, occurrence, break_class, left_key, left_minor, left_currency, left_value, right_key,
           right_minor, right_currency, right_value, delta_minor, currency, booked_on
    FROM recon_break_version WHERE entity_id = :entity AND definition = :definition
        AND since_seq <= :seq AND until_seq > :seq) standing"""
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
class TotalRow:
    """One currency of one span, in minor units."""

    span: Span
    currency: str
    left_entries: int
    left_minor: int
    right_entries: int
    right_minor: int
    open_minor: int
    deviation_ppm: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings there are by class, and how many of them have a left side."""

    by_class: dict[str, int]
    with_left: int


def counts(connection: Connection) -> Counts:
    rows = connection.execute(text(_COUNTS)).all()
    return Counts({row[0]: row[1] for row in rows}, sum(row[2] for row in rows))


def totals(connection: Connection, scene: Scene, *, entity: uuid.UUID, definition: str) -> list[TotalRow]:
    """Both spans, every currency that occurs on either side or in a finding."""
    values = {"left": scene.left, "right": scene.right, "through": scene.through}
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 5)
    for source, currency, entries, minor, day_entries, day_minor in connection.execute(text(_SIDE_TOTALS), values):
        at = 0 if source == scene.left else 2
        for span, pair in ((Span.ALL, (entries, minor)), (Span.DAY, (day_entries, day_minor))):
            sums[span, currency][at : at + 2] = [int(pair[0]), int(pair[1])]
    scope = {"entity": entity, "definition": definition, "through": scene.through}
    for sign, findings in ((1, FOUND), (-1, RESOLVED_FINDINGS)):
        for row in connection.execute(text(_OPEN.format(findings=findings)), scope):
            known = knows_both(sums[Span.ALL, row.currency][0], sums[Span.ALL, row.currency][2])
            sums[Span.ALL, row.currency][4] += sign * int(row.own + row.swapped * known)
            sums[Span.DAY, row.currency][4] += sign * int(row.own_day + row.swapped_day * known)
    return [
        TotalRow(Span(span), currency, *(row[0], row[1], row[2], row[3], row[4]), deviation_ppm(row[4], row[1]))
        for (span, currency), row in sorted(sums.items())
    ]


def knows_both(left_entries: int, right_entries: int) -> bool:
    """Whether both sides know a currency. One that stands on a single side by mistake counts in the other's alone."""
    return bool(left_entries and right_entries)


def check_explained(connection: Connection, rows: list[TotalRow]) -> None:
    """Left minus right must be the sum of findings and expected items in every currency, or nothing is stored."""
    explained = {currency: int(minor) for currency, minor in connection.execute(text(_EXPLAINED))}
    for row in rows:
        missing = row.left_minor - row.right_minor - explained.get(row.currency, 0)
        if row.span is Span.ALL and missing:
            raise DifferenceUnexplained(
                f"{missing} minor units of {row.currency} are neither in a break nor expected. Nothing was stored.",
                currency=row.currency,
                minor=missing,
            )


def content_digest(
    connection: Connection,
    run: ReconciliationRun,
    *,
    rows: list[TotalRow],
    findings: str,
    expected: str,
) -> str:
    """SHA-256 over the canonical JSON of what a run found; computed alike when it is made and when it is verified."""
    values = {"entity": run.entity_id, "definition": run.definition, "seq": run.seq, "run": run.id}
    parts = {
        "findings": connection.scalar(text(FINDINGS_DIGEST.format(findings=findings)), values),
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


def total_document(row: TotalRow) -> dict[str, Any]:
    """One total in canonical JSON values."""
    return {
        "span": row.span.value,
        "currency": row.currency,
        "left": [row.left_entries, row.left_minor],
        "right": [row.right_entries, row.right_minor],
        "open": row.open_minor,
        "deviation_ppm": row.deviation_ppm,
    }
