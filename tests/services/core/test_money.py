import pytest

from services.core.errors import Invalid
from services.core.money import CurrencyMismatch, Money


def test_parse_reads_german_and_english_amounts_exactly():
    assert Money.parse("1.284,50", "EUR", decimal_mark=",") == Money(128450, "EUR")
    assert Money.parse("-1,284.50", "EUR") == Money(-128450, "EUR")
    assert Money.parse("1284", "JPY") == Money(1284, "JPY")
    assert Money.parse("1.234", "KWD") == Money(1234, "KWD")


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "NaN", "1e400", "10.005"])
def test_parse_refuses_what_is_no_exact_amount(text: str):
    with pytest.raises(Invalid):
        Money.parse(text, "EUR")


def test_currencies_never_mix():
    with pytest.raises(CurrencyMismatch):
        _ = Money(1, "EUR") + Money(1, "CHF")


def test_a_float_is_no_money():
    with pytest.raises(TypeError):
        Money(1.0, "EUR")  # type: ignore[arg-type]
