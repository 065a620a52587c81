"""RFC 8785: samples of its text, and its own implementation as the judge of random values."""

from __future__ import annotations

import datetime as dt
import json
import struct
import uuid
from zoneinfo import ZoneInfo

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from services.core.canonical_json import canonical_bytes, digest

# RFC 8785, 3.2.2 to 3.2.4.
_SAMPLE = """{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
  "literals": [null, true, false]
}"""
_WANTED = (
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
    '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
)
# RFC 8785, 3.2.3: keys sorted by their UTF-16 code units.
_KEYS = {
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\U0001f600": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
}
_ORDER = ["Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign"]
# RFC 8785, Appendix B.
_NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_the_sample_of_the_rfc():
    assert canonical_bytes(json.loads(_SAMPLE)).decode() == _WANTED


def test_keys_are_sorted_by_utf16_units():
    written = json.loads(canonical_bytes(_KEYS), object_pairs_hook=list)
    assert [name for _, name in written] == [*_ORDER, "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh"]


@pytest.mark.parametrize(("bits", "wanted"), sorted(_NUMBERS.items()))
def test_numbers_of_appendix_b(bits: str, wanted: str):
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_bytes([number]).decode() == f"[{wanted}]"


@given(_VALUES)
def test_whatever_the_road_the_bytes_are_those_of_the_rfc(value: object):
    assert canonical_bytes(value) == rfc8785.dumps(value)  # pyright: ignore[reportArgumentType]


def test_ids_and_times_are_written_as_text():
    moment = dt.datetime(2026, 3, 29, 3, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    known = uuid.UUID(int=7)
    assert canonical_bytes({"at": moment, "day": moment.date(), "id": known}) == (
        b'{"at":"2026-03-29T01:30:00Z","day":"2026-03-29","id":"00000000-0000-0000-0000-000000000007"}'
    )
    assert digest([]) == "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**53, dt.datetime(2026, 1, 1), {1: 2}, "\ud800", {"\udfff": 1}, {1, 2}],  # noqa: DTZ001
)
def test_what_has_no_canonical_form_is_refused(value: object):
    with pytest.raises(ValueError, match=r"\w"):
        canonical_bytes([value])
