"""What pages of reconciliation say where the service knows only a code or a number of the smallest unit."""

from __future__ import annotations

import pytest

from console.design.format import Reader
from console.pages.reconciliation.basics_state import _as_text
from console.pages.reconciliation.break_sheet import bulk_terms_line, terms_line
from console.pages.reconciliation.rows import broken_checks
from console.pages.reconciliation.rules_form import checked
from services.approvals import Team, Tier
from services.core.errors import Invalid
from services.core.money import Money
from services.reconciliation import PARAMETERS, Definition, WriteOffTerms

TOLERANCE = next(one for one in PARAMETERS[Definition.SETTLEMENT] if one.name == "amount_tolerance_minor")
DAYS = next(one for one in PARAMETERS[Definition.SETTLEMENT] if one.name == "timing_days")


def test_a_setting_is_read_in_the_unit_it_is_shown_in():
    assert checked(TOLERANCE, "0,05", Reader("de")) == 5
    assert checked(DAYS, str(DAYS.high), Reader("en")) == DAYS.high


@pytest.mark.parametrize("text", ["abc", "-1", "0,001", str(TOLERANCE.high)])
def test_nonsense_is_refused_with_the_settings_own_name_and_bounds(text):
    with pytest.raises(Invalid) as refused:
        checked(TOLERANCE, text, Reader("de"))
    assert f"nicht „{text}“" in refused.value.sentence
    assert "amount_tolerance_minor" not in refused.value.sentence
    assert str(TOLERANCE.high) not in refused.value.sentence.replace(text, "")


def test_what_a_signature_no_longer_proves_stands_in_words():
    assert broken_checks({"content": False, "files": True, "totals": False}, Reader("de")) == (
        "die Buchungen beider Seiten, die Summen"
    )


def test_a_table_of_rates_that_is_too_large_or_no_text_is_refused():
    assert _as_text("\ufeffday,base".encode()) == "day,base"
    for content in (b"x" * (2 << 20) + b"x", b"\xff\xfe\x00d"):
        with pytest.raises(Invalid):
            _as_text(content)


def _terms(number: int, minor: int, currency: str = "EUR") -> WriteOffTerms:
    above = minor > 10_000
    agreeing = Tier(quorum={Team.FINANCE: 1, Team.OPS: 2}) if above else None
    return WriteOffTerms(number, Money(10_000, currency), Money(minor, currency), above, agreeing)


def test_before_a_write_off_threshold_and_who_must_agree_are_named():
    above = terms_line(_terms(1, 20_009), Reader("en"))
    assert "€200.09 is above €100.00: you only propose it" in above
    assert "1\u00a0×\u00a0Finance, 2\u00a0×\u00a0Ops" in above
    alone = terms_line(_terms(1, 10_000), Reader("de"))
    assert alone.endswith("nicht über 100,00\u00a0€: Sie entscheiden allein.")
    assert terms_line(None, Reader("en")) == ""


def test_before_several_are_written_off_it_is_said_how_many_wait():
    chosen = [_terms(1, 500), _terms(2, 20_000), _terms(3, 20_000, "CHF")]
    said = bulk_terms_line(chosen, Reader("de"))
    assert "liegen 2 davon über 100,00\u00a0€, 100,00\u00a0CHF und müssen" in said
    assert "1\u00a0×\u00a0Finance" in said
    assert bulk_terms_line(chosen[:1], Reader("en")).startswith("None of them is above")
