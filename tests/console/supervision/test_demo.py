"""The sandbox's people: whoever asks for something finds enough others who may agree to it."""

from __future__ import annotations

from collections import Counter

import pytest

from console.supervision import demo
from services.approvals import ApprovalKind
from services.bootstrap import APPROVALS


@pytest.mark.parametrize("kind", APPROVALS, ids=lambda kind: kind.name)
def test_whoever_asks_finds_enough_others_in_every_team(kind: ApprovalKind):
    people = Counter(role for _, _, role in demo.PEOPLE)
    for tier in kind.tiers:
        for team, wanted in tier.quorum.items():
            assert people[team.value] > wanted
