"""Pairs by key that differ within what the rules allow: they match, and what is left between them is kept."""

from __future__ import annotations

from sqlalchemy import Connection, text

from services.core.db import UnitOfWork
from services.core.money import exponent
from services.reconciliation.scene import Scene, moment

_MEMBERS = """
INSERT INTO recon_group_now (fingerprint, rule, confidence_percent, why, side, source_id, ext_key, occurrence,
                             amount_minor, currency)
SELECT substr(encode(sha256(convert_to(concat_ws('|', '{rule}', subject_key, occurrence, left_minor, right_minor,
              left_currency, right_currency), 'UTF8')), 'hex'), 1, 32),
       '{rule}', {sure}, {why}, side.name, side.source, subject_key, occurrence, side.minor, side.code
FROM recon_found f {extra}
CROSS JOIN LATERAL (VALUES ('left', CAST(:left AS smallint), left_minor, left_currency),
                           ('right', CAST(:right AS smallint), right_minor, right_currency))
     AS side (name, source, minor, code)
WHERE {where}
"""
_WITHIN = "'amount within the tolerance, ' || (left_minor - right_minor) || ' minor units apart'"
_USUAL = 2
_DROP = "DELETE FROM recon_found WHERE break_class = '{name}'"
# The rate of the day, or the last one before it within a week; either way round, as it is quoted where both are.
_RATED = """
CREATE TEMP TABLE recon_rated ON COMMIT DROP AS
SELECT subject_key, occurrence, worth, said,
       abs(worth - right_minor) * 1000000 <= abs(right_minor) * CAST({ppm} AS numeric) AS within,
       CASE WHEN left_status <> right_status THEN 'status'
            WHEN {late} THEN 'timing'
            ELSE 'exchanged' END AS otherwise,
       left_status, right_status, left_at, right_at
FROM (SELECT f.subject_key, f.occurrence, f.right_minor,
             round(CASE WHEN fx.base = f.left_currency THEN f.left_minor * fx.rate * ({right_units}) / ({left_units})
                        ELSE f.left_minor * ({right_units}) / (fx.rate * ({left_units})) END) AS worth,
             concat(fx.base, '/', fx.quote, ' ', trim_scale(fx.rate), ' of ', fx.day) AS said,
             l.status AS left_status, r.status AS right_status, l.occurred_at AS left_at, r.occurred_at AS right_at
      FROM recon_found f
      JOIN recon_entry l ON l.source_id = {left} AND l.ext_key = f.subject_key AND l.occurrence = f.occurrence
      JOIN recon_entry r ON r.source_id = {right} AND r.ext_key = f.subject_key AND r.occurrence = f.occurrence
      CROSS JOIN LATERAL (
          SELECT rate, base, quote, day FROM recon_fx_rate
          WHERE (base, quote) IN ((f.left_currency, f.right_currency), (f.right_currency, f.left_currency))
            AND day BETWEEN f.booked_on - 7 AND f.booked_on ORDER BY day DESC, base = f.left_currency DESC LIMIT 1
      ) fx
      WHERE f.break_class = 'currency') rated
"""
# Within the tolerance the amounts agree, and what both sides say beyond them counts as it does for any pair.
_EXCHANGED = """
UPDATE recon_found f SET break_class = CASE WHEN fx.within THEN fx.otherwise ELSE 'fx' END,
    left_value = CASE WHEN NOT fx.within THEN fx.worth::varchar WHEN fx.otherwise = 'status' THEN fx.left_status
                      WHEN fx.otherwise = 'timing' THEN {left_at} END,
    right_value = CASE WHEN NOT fx.within THEN f.right_minor::varchar WHEN fx.otherwise = 'status' THEN fx.right_status
                       WHEN fx.otherwise = 'timing' THEN {right_at} END,
    delta_minor = CASE WHEN fx.within THEN 0 ELSE f.delta_minor END
FROM recon_rated fx
WHERE f.subject_key = fx.subject_key AND f.occurrence = fx.occurrence AND f.break_class = 'currency'
"""
_OF_RATED = "JOIN recon_rated rated USING (subject_key, occurrence)"
_AT_RATE = "'exchanged at ' || rated.said || ', ' || (rated.worth - right_minor) || ' minor units apart'"
_CURRENCIES = "SELECT DISTINCT currency FROM recon_entry_total WHERE source_id IN (:left, :right)"


def compare_currencies(uow: UnitOfWork, scene: Scene) -> None:
    """Compares amounts in two currencies by the merchant's own rates; where they miss, the break is one of `fx`.

    An amount is worth its minor units times the rate, moved by the decimals of both currencies (JPY 0, KWD 3) and
    rounded half away from zero to the right side's minor unit; what is left between them is the residual.
    """
    if not (ppm := scene.parameters.get("fx_tolerance_ppm")):
        return
    connection = uow.session.connection()
    units = {f"{side}_units": _units(connection, scene, f"f.{side}_currency") for side in ("left", "right")}
    late = scene.is_late("left_at", "right_at")
    sides = {"left": int(scene.left), "right": int(scene.right)}
    connection.exec_driver_sql(_RATED.format(ppm=int(ppm), late=late, **sides, **units))
    times = {f"{side}_at": moment(f"fx.{side}_at") for side in ("left", "right")}
    connection.exec_driver_sql(_EXCHANGED.format(**times))


def group_tolerated(uow: UnitOfWork, scene: Scene) -> None:
    """Moves pairs that differ within the tolerances, or agree at a rate, from `recon_found` to `recon_group_now`."""
    connection = uow.session.connection()
    tolerance = any(scene.parameters.get(f"amount_tolerance_{name}") for name in ("minor", "ppm"))
    if tolerance or scene.parameters.get("net_of_fee"):
        _group(connection, scene, rule="S-35", sure=95, why=_WITHIN, name="tolerated")
    if scene.parameters.get("fx_tolerance_ppm"):
        _group(connection, scene, rule="S-25", sure=90, why=_AT_RATE, name="exchanged", extra=_OF_RATED)


def _group(connection: Connection, scene: Scene, *, name: str, extra: str = "", **words: object) -> None:
    statement = _MEMBERS.format(**words, extra=extra, where=f"break_class = '{name}'")
    connection.execute(text(statement), {"left": scene.left, "right": scene.right})
    connection.exec_driver_sql(_DROP.format(name=name))


def _units(connection: Connection, scene: Scene, column: str) -> str:
    """Minor units of one whole unit of the currency in `column`, as SQL."""
    cases = [
        f"WHEN '{name}' THEN {10 ** exponent(name)}"
        for name in connection.scalars(text(_CURRENCIES), {"left": scene.left, "right": scene.right})
        if exponent(name) != _USUAL
    ]
    return f"CASE {column} {' '.join(cases)} ELSE 100 END" if cases else "100"
