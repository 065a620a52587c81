"""Pairs by key that differ within what the rules allow: they match, and what is left between them is kept."""

from __future__ import annotations

from sqlalchemy import Connection, text

from services.core.db import UnitOfWork
from services.core.money import exponent
from services.reconciliation.scene import Scene

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
# The rate of the day, or the last one before it within a week; either way round.
_RATE = """
CROSS JOIN LATERAL (
    SELECT CASE WHEN base = f.left_currency THEN rate ELSE 1 / rate END AS rate, rate AS quoted, base, quote, day
    FROM recon_fx_rate
    WHERE (base, quote) IN ((f.left_currency, f.right_currency), (f.right_currency, f.left_currency))
      AND day BETWEEN f.booked_on - 7 AND f.booked_on ORDER BY day DESC LIMIT 1
) fx
"""
_EXCHANGED = """
UPDATE recon_found f SET break_class = CASE
    WHEN abs(fx.worth - f.right_minor) * 1000000 <= abs(f.right_minor) * CAST(:ppm AS numeric) THEN 'exchanged'
    ELSE 'fx' END,
    left_value = fx.worth::varchar,
    right_value = CASE WHEN abs(fx.worth - f.right_minor) * 1000000 <= abs(f.right_minor) * CAST(:ppm AS numeric)
                       THEN fx.said ELSE f.right_minor::varchar END
FROM (SELECT f.subject_key, f.occurrence, round(f.left_minor * fx.rate * ({right_units}) / ({left_units})) AS worth,
             concat(fx.base, '/', fx.quote, ' ', trim_scale(fx.quoted), ' of ', fx.day) AS said
      FROM recon_found f {rate} WHERE f.break_class = 'currency') fx
WHERE f.subject_key = fx.subject_key AND f.occurrence = fx.occurrence AND f.break_class = 'currency'
"""
_AT_RATE = "'exchanged at ' || right_value || ', ' || (left_value::numeric - right_minor) || ' minor units apart'"
_CURRENCIES = "SELECT DISTINCT currency FROM recon_entry_total WHERE source_id IN (:left, :right)"


def group_tolerated(uow: UnitOfWork, scene: Scene) -> None:
    """Moves pairs that differ within the tolerances from `recon_found` to `recon_group_now`.

    Amounts in two currencies are compared by the merchant's own rates; where they miss, the break is one of `fx`.
    An amount is worth its minor units times the rate, moved by the decimals of both currencies (JPY 0, KWD 3) and
    rounded half away from zero to the right side's minor unit; what is left between them is the residual.
    """
    connection = uow.session.connection()
    sides = {"left": scene.left, "right": scene.right}
    tolerance = any(scene.parameters.get(f"amount_tolerance_{name}") for name in ("minor", "ppm"))
    if tolerance or scene.parameters.get("net_of_fee"):
        statement = _MEMBERS.format(rule="S-35", sure=95, why=_WITHIN, extra="", where="break_class = 'tolerated'")
        connection.execute(text(statement), sides)
        connection.exec_driver_sql(_DROP.format(name="tolerated"))
    if ppm := scene.parameters.get("fx_tolerance_ppm"):
        units = {f"{side}_units": _units(connection, scene, f"f.{side}_currency") for side in ("left", "right")}
        connection.execute(text(_EXCHANGED.format(rate=_RATE, **units)), {"ppm": ppm})
        statement = _MEMBERS.format(rule="S-25", sure=90, why=_AT_RATE, extra="", where="break_class = 'exchanged'")
        connection.execute(text(statement), sides)
        connection.exec_driver_sql(_DROP.format(name="exchanged"))


def _units(connection: Connection, scene: Scene, column: str) -> str:
    """Minor units of one whole unit of the currency in `column`, as SQL."""
    cases = [
        f"WHEN '{name}' THEN {10 ** exponent(name)}"
        for name in connection.scalars(text(_CURRENCIES), {"left": scene.left, "right": scene.right})
        if exponent(name) != _USUAL
    ]
    return f"CASE {column} {' '.join(cases)} ELSE 100 END" if cases else "100"
