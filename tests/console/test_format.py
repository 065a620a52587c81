"""Figures as the reader writes them, in both languages."""

from __future__ import annotations

import datetime as dt

import pytest

from console.design import format as fmt
from console.design.format import Reader
from services.core.money import Money

_NBSP = "\u00a0"
_AT = dt.datetime(2026, 3, 17, 8, 42, 16, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (Money(128_480_214, "EUR"), "€1,284,802.14", f"1.284.802,14{_NBSP}€"),
        (Money(-91_308, "EUR"), "−€913.08", f"−913,08{_NBSP}€"),
        (Money(1_482_600, "JPY"), "JP¥1,482,600", f"1.482.600{_NBSP}¥"),
        (Money(123_456, "KWD"), f"KWD{_NBSP}123.456", f"123,456{_NBSP}KWD"),
        (Money(0, "CHF"), f"CHF{_NBSP}0.00", f"0,00{_NBSP}CHF"),
    ],
)
def test_money(value, english, german):
    assert fmt.money(value, "en") == english
    assert fmt.money(value, "de") == german


def test_a_difference_carries_its_sign_and_a_zero_none():
    assert fmt.signed_amount(Money(2_490, "EUR"), "en") == "+24.90"
    assert fmt.signed_amount(Money(-2_490, "EUR"), "de") == "−24,90"
    assert fmt.signed_amount(Money(0, "EUR"), "en") == "0.00"


def test_amounts_without_decimals_are_padded_to_the_same_width():
    assert len(fmt.amount(Money(1_482_600, "JPY"), "en")) == len("1,482,600.00")
    assert fmt.amount(Money(1_482_600, "JPY"), "en").rstrip("\u2007\u2008") == "1,482,600"


def test_dates_and_times_are_local_to_the_entity():
    assert fmt.moment(_AT, "en", "Europe/Berlin") == "17 Mar 2026, 09:42"
    assert fmt.moment(_AT, "de", "Europe/Berlin") == "17.03.2026, 09:42"
    assert fmt.clock_time(_AT, "de", "Europe/Berlin", seconds=True, zone=True) == "09:42:16 MEZ"
    assert fmt.long_date(_AT.date(), "de") == "Dienstag, 17. März 2026"
    assert fmt.long_date(_AT.date(), "en") == "Tuesday 17 March 2026"


def test_a_naive_time_has_no_place_on_a_page():
    with pytest.raises(ValueError, match="time zone"):
        fmt.moment(_AT.replace(tzinfo=None), "en", "Europe/Berlin")


def test_percent_is_rounded_from_the_ratio_exactly():
    assert fmt.percent(0.0142, "en") == f"1.42{_NBSP}%"
    assert fmt.percent(-0.07, "de", decimals=1) == f"−7,0{_NBSP}%"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.85, "850 ms"), (41, "41 s"), (312, "5 min 12 s"), (7_380, "2 h 03 min"), (700_000, "8 d")]
)
def test_durations(seconds, text):
    assert fmt.duration(seconds, "en").replace(_NBSP, " ") == text


def test_ids_lose_their_middle():
    assert fmt.compact_id("pi_3QZcfEDesfNEd7Phr") == "pi_3QZcf…7Phr"
    assert fmt.compact_id("short") == "short"


def test_a_sparkline_stays_inside_its_box():
    path, end = fmt.sparkline([3, 4, 2, 9])
    assert path.startswith("M0.0 ")
    assert end == "2.0"
    assert fmt.sparkline([1]) == ("", "0")


def test_a_reader_writes_what_has_not_happened_as_a_dash():
    assert Reader("en").moment(None) == fmt.UNKNOWN
