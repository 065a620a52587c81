"""Large and hostile files of every format: name → a function of the wanted size in bytes."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.factories.bank import MONDAY, Row, Statement, camt, zipped

_EXPORTED = b"16.03.2026;-1.234,50;Rechnung 4711 vom 01.03.2026, Kundennummer 0815, vielen Dank\n"


def _camt(size: int) -> bytes:
    one = camt(Statement(1, MONDAY, "0.00", None, [Row("1.00", "R")]))
    rows = size // (len(one) - 600)
    return camt(Statement(1, MONDAY, "0.00", None, [Row("1.00", f"R{number}") for number in range(rows)]))


def _around(inside: str) -> bytes:
    good = camt(Statement(1, MONDAY, "0.00", "1.00", [Row("1.00", "R", remittance="HERE")])).decode()
    return good.replace("HERE", inside).encode()


def _entities(_: int) -> bytes:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    return camt(Statement(1, MONDAY, "0.00", "1.00"), prolog=f"<!DOCTYPE Document [{levels}]>")


def _mt940(middle: str) -> bytes:
    head = ":20:X\n:25:DE89370400440532013000\n:28C:1/1\n:60F:C260316EUR0,00\n"
    return f"{head}{middle}\n:62F:C260316EUR0,00\n-\n".encode()


def _booking(number: int) -> str:
    return (
        f":61:2603160316CR1234,50NTRFSTRIPE-PO-{number:08}//2026031600{number:08}\n"
        f":86:166?00GUTSCHRIFT?100931?20EREF+STRIPE-PO-{number:08}   ?21KREF+NONREF                 "
        "?22SVWZ+STRIPE PAYOUT 16.03.?23 Auszahlung der Umsaetze vom?24 13.03.2026 bis 15.03.2026 "
        "?30AIBKIE2D?31IE29AIBK93115212345678?32Stripe Technology Europe Lt?33d?34000"
    )


def _noise(size: int) -> bytes:
    return random.Random(1).randbytes(size // 4)


SHAPES: dict[str, Callable[[int], bytes]] = {
    "rows.xml": _camt,
    "deep.xml": lambda size: b"<a>" * (size // 7) + b"</a>" * (size // 7),
    "wide.xml": lambda size: _around("<x/>" * (size // 4)),
    "attributes.xml": lambda size: b"<Document " + b" ".join(b'a%d="1"' % n for n in range(size // 12)) + b"/>",
    "text.xml": lambda size: _around("x" * size),
    "entities.xml": _entities,
    "rows.sta": lambda size: _mt940("\n".join(_booking(number) for number in range(size // 330))),
    "unending.sta": lambda size: _mt940(":61:2603160316C1,00NTRF" + "/" * size),
    "subfields.sta": lambda size: _mt940(":61:2603160316C1,00NTRFNONREF\n:86:166" + "?20EREF+" * (size // 8)),
    "slashes.sta": lambda size: _mt940(":61:2603160316C1,00NTRFNONREF\n:86:" + "/EREF/" * (size // 6)),
    "messages.sta": lambda size: b":20:X\n:25:Y\n" * (size // 12),
    "rows.csv": lambda size: b"d;a;t\n" + _EXPORTED * (size // len(_EXPORTED)),
    "quotes.csv": lambda size: b"d;a;t\n" + b'"' * size,
    "one-line.csv": lambda size: b"d;a;t\n" + b"x" * size,
    "bomb.zip": lambda size: zipped({"a.xml": b"\0" * (size * 16)}),
    "noise.zip": lambda size: b"PK\x03\x04" + _noise(size),
}
