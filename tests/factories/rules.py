"""Rules as if they had been published."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from services.core.db import UnitOfWork
from services.reconciliation import Definition

_NEXT = text(
    "INSERT INTO recon_rule_set (definition, version, parameters) SELECT CAST(:definition AS varchar), "
    "max(version) + 1, CAST(:parameters AS jsonb) FROM recon_rule_set WHERE definition = :definition"
)
_HOLDS = text(
    "UPDATE recon_definition SET rule_version = (SELECT max(version) FROM recon_rule_set "
    "WHERE definition = :definition) WHERE code = :definition"
)


def publish(uow: UnitOfWork, definition: Definition, **parameters: Any) -> None:
    """A next version with these parameters; what is not named has its default."""
    values = {"definition": definition.value, "parameters": json.dumps({"timing_days": 3} | parameters)}
    if definition is Definition.PAYOUTS:
        values["parameters"] = json.dumps(parameters)
    for statement in (_NEXT, _HOLDS):
        uow.session.execute(statement, values)
    uow.session.expire_all()
