"""What a request says of rules, shares and classes: words and units, in both languages."""

from __future__ import annotations

from services.core.words import Words
from services.reconciliation import ORDERS, PARAMETERS
from services.reconciliation.asking_words import break_class, rule_changes, share
from services.reconciliation.vocabulary import BreakClass


def test_each_setting_of_the_rules_has_a_name():
    for definition, known in PARAMETERS.items():
        before = {item.name: 0 for item in known} | {ORDERS[definition].name: []}
        after = {item.name: 1 for item in known} | {ORDERS[definition].name: ["S-70"]}
        changes = rule_changes(before, after)
        assert len(changes) == len(known) + 1
        assert not [
            change.label.en for change in changes if "_" in change.label.en or change.label.en == change.label.de
        ]


def test_values_stand_in_the_units_people_use():
    before = {"amount_tolerance_minor": 0, "fx_tolerance_ppm": 0, "net_of_fee": 0, "timing_days": 3, "order": []}
    after = {"amount_tolerance_minor": 105, "fx_tolerance_ppm": 12_500, "net_of_fee": 1, "timing_days": 3}
    told = {
        change.label.en: (change.before, change.after) for change in rule_changes(before, after | {"order": ["S-70"]})
    }
    assert told["Amounts may differ by"] == (Words("0.00", "0,00"), Words("1.05", "1,05"))
    assert told["Two currencies agree within"][1] == share(12_500) == Words("1.25\u00a0%", "1,25\u00a0%")
    assert told["Books may be net of the fee"] == (Words("no", "nein"), Words("yes", "ja"))
    assert told["Rules after the key, in their order"] == (Words("none", "keine"), "S-70")
    assert len(told) == 4


def test_every_class_has_a_name():
    assert len({break_class(name.value).de for name in BreakClass}) == len(BreakClass)
