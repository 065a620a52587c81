"""What pages of reconciliation say where the service knows only a code or a number of the smallest unit."""

from __future__ import annotations

import pytest

from console.design.format import Reader
from console.pages.reconciliation.basics_state import _as_text
from console.pages.reconciliation.rows import broken_checks
from console.pages.reconciliation.rules_form import checked
from services.core.errors import Invalid
from services.reconciliation import PARAMETERS, Definition

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
