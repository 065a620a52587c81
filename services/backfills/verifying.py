"""Whether a backfill did what was agreed to: counts, the definition's checks, and a sample computed again."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, String, cast, select, text
from sqlalchemy.exc import DataError

from services.backfills import ledger
from services.backfills import statements as sql
from services.backfills.batching import Plan
from services.backfills.definition import Check, SqlBackfill
from services.backfills.freezing import money_among, money_entry, says_what_moves
from services.backfills.images import before_table, images_of, key_of
from services.backfills.measuring import after_values, as_text, value_of
from services.backfills.vocabulary import Expect
from services.core.locks import take_turn
from services.core.words import Words
from services.reconciliation import MoneyMoved

_BATCHES_SAMPLED = 40
_ROWS_SAMPLED = 200
_NAMED = 50
_MONEY = ("money_moved", "money_net")


def verified(connection: Connection, plan: Plan, dry_run: Mapping[str, Any]) -> dict[str, Any]:
    """The document Finance signs. `held` says whether everything is as it has to be; `aside` counts the rows that
    refused the change, of which `quarantined` names the first."""
    results = [
        *_counts(connection, plan, dry_run),
        *_money(connection, plan, dry_run),
        *_checks(connection, plan, dry_run),
    ]
    drawn, differing = _sample(connection, plan)
    results.append(_result("sample_recomputed", drawn, drawn - len(differing), not differing))
    return {
        "held": all(result["held"] for result in results),
        "results": results,
        "sampled": drawn,
        "differing": differing[:_NAMED],
        "aside": ledger.quarantined(connection, plan.backfill_id),
        "quarantined": [
            {"key": row.key, "error": row.error}
            for row in connection.execute(
                text("SELECT key, error FROM kontor_backfill.quarantine WHERE backfill = :id ORDER BY at LIMIT :most"),
                {"id": plan.backfill_id, "most": _NAMED},
            )
        ],
    }


def _counts(connection: Connection, plan: Plan, dry_run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Predicted against changed, and a before-image for every changed row."""
    predicted = dry_run["frozen"]["rows"]
    changed = ledger.read_cursor(connection, plan.backfill_id).changed
    aside = ledger.quarantined(connection, plan.backfill_id)
    images = images_of(connection, plan.definition, plan.number).count(connection)
    return [
        _result("rows_changed", predicted, changed + aside, predicted == changed + aside),
        _result("before_images", changed, images, changed == images),
    ]


def _money(connection: Connection, plan: Plan, dry_run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of each currency the money that was predicted to move, and the net difference, against what the images say.

    Rows that were set aside count as they would move; `done` is what moved without them. A dry run that says nothing of
    what moves promised nothing. Rows that were deleted since have no currency any more; that deviation names them.
    """
    money, predicted = plan.definition.money, dry_run["frozen"]["money"]
    if money is None or not says_what_moves(dry_run):
        return []
    before = before_table(plan.definition, plan.number)
    done = [money_entry(row) for row in connection.execute(sql.money_of_images(plan.definition, money, before))]
    sides = [_sums(predicted), _sums([*done, *_money_aside(connection, plan)]), _sums(done)]
    return [
        _result(f"{code}.{currency or '-'}", expected, found, expected == found)
        | {"money": {"of": code, "currency": currency, "done": moved}}
        | ({} if currency or expected == found else {"named": _deleted(connection, plan)})
        for currency in sorted({*sides[0], *sides[1]}, key=lambda one: one or "")
        for code, expected, found, moved in zip(_MONEY, *[side[currency] for side in sides], strict=True)
    ]


def _deleted(connection: Connection, plan: Plan) -> list[dict[str, Any]]:
    """The first of the changed rows that are not there any more; nothing is shown of what they were."""
    before, key = before_table(plan.definition, plan.number), key_of(plan.definition)
    gone = (
        select(cast(before.c.key, String))
        .select_from(before.outerjoin(plan.definition.target, key == before.c.key))
        .where(key.is_(None))
        .order_by(before.c.key)
        .limit(_NAMED)
    )
    return [{"key": row, "shown": {}} for row in connection.scalars(gone)]


def money_moved(document: Mapping[str, Any]) -> list[MoneyMoved]:
    """What a verification found to have moved, by currency; without the rows that were set aside."""
    found: dict[str | None, dict[str, int]] = defaultdict(dict)
    for one in document["results"]:
        if "money" in one:
            found[one["money"]["currency"]][one["money"]["of"]] = one["money"]["done"]
    gross, net = _MONEY
    return [MoneyMoved(currency=name or "", gross_minor=one[gross], net_minor=one[net]) for name, one in found.items()]


def _sums(money: Sequence[Mapping[str, Any]]) -> defaultdict[str | None, tuple[int, int]]:
    """Gross and net of each currency."""
    sums: defaultdict[str | None, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for one in money:
        gross, net = sums[one["currency"]]
        sums[one["currency"]] = (gross + one["gross"], net + one["after"] - one["before"])
    return sums


def _money_aside(connection: Connection, plan: Plan) -> list[dict[str, Any]]:
    """The money of the rows that were set aside; none of those whose change cannot even be computed."""
    keys = ledger.keys_aside(connection, plan.backfill_id)
    try:
        with connection.begin_nested():
            return money_among(connection, plan.definition, plan.params, keys)
    except DataError:
        return []


def _checks(connection: Connection, plan: Plan, dry_run: Mapping[str, Any]) -> list[dict[str, Any]]:
    before = {one["code"]: one["before"] for one in dry_run["checks"]}
    results = []
    for check in plan.definition.checks(plan.params):
        after = value_of(connection, check)
        wanted = before[check.code] if check.expect is Expect.SAME else 0
        rows = _named(connection, check) if after != wanted else []
        told = {"before": before[check.code], "named": rows}
        results.append(_result(check.code, wanted, after, after == wanted) | told)
    return results


def _named(connection: Connection, check: Check) -> list[dict[str, Any]]:
    """The first rows behind a number that deviates: the key, and what the check shows beside it."""
    if check.rows is None:
        return []
    found = connection.execute(check.rows.order_by(check.rows.selected_columns[0]).limit(_NAMED))
    _, *names = found.keys()
    return [
        {"key": str(row[0]), "shown": {name: as_text(value) for name, value in zip(names, row[1:], strict=True)}}
        for row in found
    ]


def _result(code: str, expected: int, found: int, held: bool) -> dict[str, Any]:
    return {"code": code, "expected": expected, "found": found, "held": held}


def _sample(connection: Connection, plan: Plan) -> tuple[int, list[dict[str, Any]]]:
    """Rows of batches spread over the whole run, computed again from their before-images and compared with the row as
    it stands; returns how many were drawn, and those that differ."""
    definition, before = plan.definition, before_table(plan.definition, plan.number)
    last = ledger.read_cursor(connection, plan.backfill_id).number
    batches = sorted({1 + last * part // _BATCHES_SAMPLED for part in range(_BATCHES_SAMPLED)}) if last else []
    each = math.ceil(_ROWS_SAMPLED / (len(batches) or 1))
    drawn = connection.execute(sql.images_as_then(definition, before, batches, each)).all()
    then = [sql.as_row(row) for row in drawn]
    again = _again(connection, plan, then)
    keys = [row[definition.key] for row in then]
    key = key_of(definition)
    now = {
        row[0]: row[1:]
        for row in connection.execute(
            select(key, *[definition.target.c[name] for name in definition.columns]).where(key.in_(keys))
        )
    }
    differing = [
        {"key": str(one), "expected": _said(again.get(str(one))), "found": _said(now.get(one))}
        for one in keys
        if one in now and again.get(str(one)) != tuple(now[one])
    ]
    return len(keys), differing


def _again(connection: Connection, plan: Plan, then: list[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """What the change makes of rows as they were. For expressions they are that for a moment, in the table itself: an
    expression may read other rows and other tables, by whatever name. Nothing of it stays."""
    definition, before = plan.definition, before_table(plan.definition, plan.number)
    aside = connection.begin_nested()
    try:
        if isinstance(definition, SqlBackfill) and then:
            if definition.lock:
                take_turn(connection, definition.lock)
            connection.execute(sql.restore_keys(definition, before, [str(row[definition.key]) for row in then]))
        found = after_values(connection, definition, plan.params, then)
    finally:
        aside.rollback()
    return {key: tuple(values.get(name) for name in definition.columns) for key, values in found.items()}


def _said(values: Sequence[Any] | None) -> list[Any]:
    return [as_text(value) for value in values or ()]


def in_words(document: Mapping[str, Any]) -> Words:
    """The result in one line."""
    held = sum(one["held"] for one in document["results"])
    of = len(document["results"])
    failed = ", ".join(one["code"] for one in document["results"] if not one["held"])
    aside = document.get("aside", 0)
    return Words(
        f"{held} of {of} checks hold"
        + (f"; not: {failed}" if failed else "")
        + (f"; rows set aside: {aside}" * bool(aside)),
        f"{held} von {of} Prüfungen stimmen"
        + (f"; nicht: {failed}" if failed else "")
        + (f"; zurückgestellte Zeilen: {aside}" * bool(aside)),
    )
