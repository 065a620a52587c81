"""One row, several rows: the number decides the word, in both languages."""

from __future__ import annotations

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console.design.texts import t, tr


def test_the_word_follows_the_number_on_the_server():
    assert tr("en", "table.range", count="1") == "1 row"
    assert tr("en", "table.range", count=2) == "2 rows"
    assert tr("de", "table.range", count=1) == "1 Zeile"
    assert tr("de", "table.range", count="1.204") == "1.204 Zeilen"


def test_the_word_follows_a_constant_in_a_page():
    shown = str(t("table.range", count="1"))
    assert "1 row" in shown
    assert "1 Zeile" in shown
    assert "rows" not in shown
