"""The rules of a definition as a person edits them: settings in units people use, and the order of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from console.design.format import Reader
from services.core.errors import Invalid
from services.reconciliation import ORDERS, PARAMETERS, Definition, Parameter, RuleVersionView

# What a setting is measured in: shown = stored / scale.
_MONEY, _SHARE, _DAYS, _CALENDAR = "money", "share", "days", "calendar"
_PERCENT, _COUNT, _FLAG = "percent", "count", "flag"
_KINDS = {
    "timing_days": _CALENDAR,
    "timing_business_days": _FLAG,
    "check_references": _FLAG,
    "amount_tolerance_minor": _MONEY,
    "amount_tolerance_ppm": _SHARE,
    "net_of_fee": _FLAG,
    "fx_tolerance_ppm": _SHARE,
    "expected_days": _DAYS,
    "write_off_alone_minor": _MONEY,
    "similarity_percent": _PERCENT,
    "margin_percent": _PERCENT,
    "window_days": _DAYS,
    "batch_size": _COUNT,
    "arrival_days": _DAYS,
}
_SCALES = {_MONEY: 100, _SHARE: 10_000}
# Which settings belong to which step of a comparison, in the order of the steps.
_GROUPS: Mapping[Definition, tuple[tuple[str, tuple[str, ...]], ...]] = {
    Definition.SETTLEMENT: (
        ("amount", ("amount_tolerance_minor", "amount_tolerance_ppm", "net_of_fee", "check_references")),
        ("currency", ("fx_tolerance_ppm",)),
        ("time", ("timing_days", "timing_business_days", "expected_days")),
        ("leftovers", ("similarity_percent", "margin_percent", "window_days", "batch_size")),
        ("work", ("write_off_alone_minor",)),
    ),
    Definition.PAYOUTS: (
        ("time", ("arrival_days",)),
        ("leftovers", ("similarity_percent", "margin_percent", "window_days", "batch_size")),
        ("work", ("write_off_alone_minor",)),
    ),
}


def kind_of(name: str) -> str:
    """What a setting is measured in; a plain number for one nobody described."""
    return _KINDS.get(name, _COUNT)


def shown(name: str, value: int, reader: Reader) -> str:
    """The value for a field: in units, per cent or days."""
    scale = _SCALES.get(kind_of(name))
    text = f"{Decimal(value) / scale:f}" if scale else str(value)
    return text.replace(".", ",") if reader.locale == "de" else text


def _bound(name: str, value: int, reader: Reader) -> str:
    """A bound for reading, its thousands grouped."""
    scale = _SCALES.get(kind_of(name), 1)
    return reader.number(value // scale) if value % scale == 0 else shown(name, value, reader)


def _stored(name: str, text: str, reader: Reader) -> Any:
    """What a field says as a whole number of the smallest unit; the text itself where it is none."""
    if kind_of(name) == _FLAG:
        return 1 if text else 0
    plain = text.strip().replace(",", ".") if reader.locale == "de" else text.strip()
    try:
        value = Decimal(plain or "0") * _SCALES.get(kind_of(name), 1)
    except InvalidOperation:
        return text
    return int(value) if value == value.to_integral_value() else text


def checked(known: Parameter, text: str, reader: Reader) -> int:
    """What a field says, within its bounds. Raises Invalid with the setting's name and unit, as the reader reads."""
    value = _stored(known.name, text, reader)
    if not isinstance(value, int) or not known.low <= value <= known.high:
        low, high = shown(known.name, known.low, reader), worded(known.name, known.high, reader)
        label = reader.text(f"rules.{known.name}")
        raise Invalid(reader.text("rules.out_of_bounds", name=label, low=low, high=high, given=text[:40] or "–"))
    return value


def groups(
    definition: Definition, values: Mapping[str, Any], held: Mapping[str, Any], reader: Reader
) -> list[dict[str, Any]]:
    """Each step's settings; settings that no step names stand at the end."""
    known = {item.name: item for item in PARAMETERS[definition]}
    placed = [(title, [name for name in names if name in known]) for title, names in _GROUPS[definition]]
    rest = set(known) - {name for _, names in placed for name in names}
    if rest:
        placed.append(("more", sorted(rest)))
    return [
        {
            "title": reader.text(f"rules.group_{title}"),
            "note": reader.text(f"rules.group_{title}_note"),
            "fields": [_field(name, known[name], values, held, reader) for name in names],
        }
        for title, names in placed
        if names
    ]


def _field(name: str, known: Any, values: Mapping[str, Any], held: Mapping[str, Any], reader: Reader) -> dict[str, str]:
    changed = values[name] != held[name]
    low, high = _bound(name, known.low, reader), _bound(name, known.high, reader)
    before = reader.text("rules.holds_now", value=worded(name, held[name], reader))
    return {
        "name": name,
        "label": reader.text(f"rules.{name}"),
        "value": shown(name, values[name], reader),
        "checked": "yes" if values[name] else "",
        "kind": kind_of(name),
        "unit": "" if kind_of(name) == _FLAG else reader.text(f"rules.unit_{kind_of(name)}"),
        "hint": before if changed else reader.text("rules.between", low=low, high=high),
        "changed": "yes" if changed else "",
    }


def worded(name: str, value: Any, reader: Reader) -> str:
    """A value with its unit, for sentences."""
    if kind_of(name) == _FLAG:
        return reader.text("rules.on" if value else "rules.off")
    return f"{shown(name, value, reader)} {reader.text(f'rules.unit_{kind_of(name)}')}".strip()


def ordered(definition: Definition, chosen: Iterable[str], reader: Reader) -> list[dict[str, str]]:
    """The rules after the key: those that are tried in their order, then those that are not."""
    tried = list(chosen)
    rest = [name for name in ORDERS[definition].options if name not in tried]
    return [
        {
            "rule": name,
            "text": reader.text(f"rules.rule_{name}"),
            "told": reader.text(f"rules.told_{name}"),
            "place": str(tried.index(name) + 1) if name in tried else "",
            "first": "yes" if tried[:1] == [name] else "",
            "last": "yes" if tried[-1:] == [name] else "",
        }
        for name in [*tried, *rest]
    ]


def changes(
    definition: Definition, before: Mapping[str, Any], after: Mapping[str, Any], reader: Reader
) -> list[dict[str, str]]:
    """What one version says differently from another, setting by setting."""
    found = [
        {
            "what": reader.text(f"rules.{item.name}"),
            "before": worded(item.name, before[item.name], reader),
            "after": worded(item.name, after[item.name], reader),
        }
        for item in PARAMETERS[definition]
        if before[item.name] != after[item.name]
    ]
    order = ORDERS[definition].name
    if list(before[order]) != list(after[order]):
        nothing = reader.text("rules.no_rule")
        sides = (", ".join(side[order]) or nothing for side in (before, after))
        found.append({"what": reader.text("rules.order"), **dict(zip(("before", "after"), sides, strict=True))})
    return found


def history(
    definition: Definition, versions: tuple[RuleVersionView, ...], held: int, reader: Reader
) -> list[dict[str, Any]]:
    """The versions, the newest first, each with what it changed of the one before."""
    rows = []
    for item, former in zip(versions, [*versions[1:], None], strict=True):
        changed = changes(definition, former.parameters, item.parameters, reader) if former else []
        rows.append(
            {
                "version": str(item.version),
                "holds": "yes" if item.version == held else "",
                "note": item.note or reader.text("rules.shipped"),
                "by": item.author or "",
                "since": reader.moment(item.created_at),
                "changes": [
                    {"text": reader.text("rules.change", what=c["what"], before=c["before"], after=c["after"])}
                    for c in changed
                ],
            }
        )
    return rows
