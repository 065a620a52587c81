"""The mapping editor's state, shared by ledgers and bank accounts: a sample, a guess, what becomes of its rows."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.design.format import Reader
from console.kit.page_state import PageState
from console.pages.imports.rows import preview_rows, reason_text
from services.core.errors import Invalid
from services.core.sampling import SAMPLE_BYTES, Preview

PLAIN = ("delimiter", "encoding", "decimal_mark", "date_format", "skip_lines")
_DEFAULTS = {"delimiter": ",", "encoding": "utf-8", "decimal_mark": ".", "date_format": "iso", "skip_lines": "0"}
_TAB = "tab"


class MappingState(PageState, mixin=True):
    """The form is read as a whole; nothing of it is stored before it is saved."""

    title: str = ""
    fields: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    choices: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    plain: rx.Field[dict[str, str]] = rx.field(default_factory=lambda: dict(_DEFAULTS))
    values_text: str = ""
    shown: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    problem: str = ""
    sample_name: str = ""
    form_key: int = 0
    fits: bool = False
    _sample: bytes = b""
    _mapping: dict[str, Any] = {}

    def _start(self, mapping: dict[str, Any], names: tuple[str, ...], needed: tuple[str, ...], reader: Reader) -> None:
        """Shows the mapping as it stands; the columns to choose from are its own until a sample is taken."""
        self._sample, self.sample_name, self.shown, self.problem, self.fits = b"", "", [], "", False
        self._show(mapping, sorted(set(mapping.get("columns", {}).values())), names, needed, reader)

    def _show(
        self,
        mapping: dict[str, Any],
        columns: list[str],
        names: tuple[str, ...],
        needed: tuple[str, ...],
        reader: Reader,
    ) -> None:
        self._mapping = mapping
        chosen, fixed = mapping.get("columns", {}), mapping.get("fixed", {})
        self.choices = [{"value": "", "label": "—"}, *({"value": name, "label": name[:60]} for name in columns)]
        self.fields = [
            {
                "name": name,
                "label": reader.text(f"imports.field_{name}") + (" *" if name in needed else ""),
                "column": chosen.get(name, "") if chosen.get(name, "") in columns else "",
                "fixed": fixed.get(name, ""),
            }
            for name in names
        ]
        self.plain = {name: str(mapping.get(name, _DEFAULTS[name])).replace("\t", _TAB) for name in PLAIN}
        self.values_text = "\n".join(
            f"{name}: {given} = {meant}"
            for name, pairs in mapping.get("values", {}).items()
            for given, meant in pairs.items()
        )
        self.form_key += 1

    async def _taken(self, files: list[rx.UploadFile]) -> bytes:
        """The beginning of the first file. Raises Invalid for none."""
        if not files:
            raise Invalid("Choose a CSV file.")
        self.sample_name = (files[0].name or "")[:120]
        self._sample = await files[0].read(SAMPLE_BYTES)
        return self._sample

    def _read(self, form: dict[str, Any]) -> dict[str, Any]:
        """The mapping that the form says. Raises Invalid for a line of translations that is none."""
        columns = {field["name"]: str(form.get(f"column_{field['name']}", "")) for field in self.fields}
        fixed = {field["name"]: str(form.get(f"fixed_{field['name']}", "")).strip() for field in self.fields}
        mapping: dict[str, Any] = {name: str(form.get(name, self.plain[name])) for name in PLAIN}
        mapping["delimiter"] = mapping["delimiter"].replace(_TAB, "\t")
        mapping["columns"] = {name: column for name, column in columns.items() if column}
        mapping["fixed"] = {name: value for name, value in fixed.items() if value and name not in mapping["columns"]}
        mapping["values"] = _translations(str(form.get("values", "")))
        return mapping

    def _previewed(self, mapping: dict[str, Any], seen: Preview, currency: str, reader: Reader) -> None:
        self._mapping = mapping
        self.problem = reason_text(seen.problem, reader)
        self.shown = preview_rows(seen, currency, reader)
        self.fits = not self.problem and any(row.becomes for row in seen.rows)


def _translations(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in filter(str.strip, text.splitlines()):
        field, colon, rest = line.partition(":")
        given, equals, meant = rest.partition("=")
        if not colon or not equals:
            raise Invalid(f"“{line[:60]}” is no translation; write field: what the file says = what is meant.")
        found.setdefault(field.strip(), {})[given.strip()] = meant.strip()
    return found
