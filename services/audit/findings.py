"""What a verification found, counted in full and told up to a hundred."""

from __future__ import annotations

from services.audit.views import Finding

_TOLD = 100
_SENTENCES = {
    "entry_missing": "An entry that was sealed is gone.",
    "entry_changed": "An entry is not the one that was sealed.",
    "columns_changed": "What an entry is searched by is not what it says.",
    "personal_changed": "The personal part of an entry was changed or taken away.",
    "erasure_unfounded": "Personal data were erased without an entry that says so.",
    "entry_unsealed": "An entry has no place in the tree although it is old: it was slipped in, or nothing seals.",
    "backdated": "An entry claims to be older than what was sealed before it.",
    "leaf_missing": "The tree has a hole.",
    "log_shorter": "Fewer entries are left than a checkpoint signed.",
    "root_differs": "The log is not the one that a checkpoint signed.",
    "checkpoint_unsigned": "A checkpoint is not signed by a key of this log.",
    "checkpoint_conflict": "Two signed checkpoints of the same size differ.",
}


class Findings:
    """Collects; `count` counts also what is no longer told."""

    def __init__(self) -> None:
        self.count = 0
        self.told: list[Finding] = []

    def add(
        self,
        kind: str,
        *,
        leaf: int | None = None,
        entry_id: str | None = None,
        size: int | None = None,
        count: int = 1,
    ) -> None:
        self.count += count
        if len(self.told) < _TOLD:
            sentence = _SENTENCES[kind] + (f" (checkpoint of {size} entries)" if size is not None else "")
            self.told.append(Finding(kind, sentence, entry_id, leaf))
