"""Taking the files of an inbox, one after the other; shared by bank and books.

A file is moved only after its import has committed. Killed in between, the next run finds it again, sees by its
fingerprint that it was taken, and moves it: the result is the same.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from jobs.runner import RunContext
from services import identity
from services.core.db import UnitOfWork
from services.core.errors import Conflict, NotFound
from services.core.inbox import FileOrigin, FileStatus, Inbox, InboxKind, IncomingFile, is_still
from services.core.reasons import Reason


class Report(Protocol):
    """What bank and books say of a file alike."""

    @property
    def status(self) -> FileStatus: ...
    @property
    def problem(self) -> Reason | None: ...
    @property
    def known(self) -> bool: ...
    @property
    def rows_read(self) -> int: ...
    @property
    def rows_new(self) -> int: ...
    @property
    def rows_unchanged(self) -> int: ...
    @property
    def rows_rejected(self) -> int: ...


Take = Callable[[UnitOfWork, IncomingFile, FileOrigin], Report]


@dataclass(frozen=True)
class Place:
    """Whose files of which kind, and how one is taken."""

    entity_id: uuid.UUID
    kind: InboxKind
    take: Take


def take_waiting(ctx: RunContext, place: Place) -> dict[str, Any]:
    """Takes every waiting file; one still being written is left for the next run. Returns the sums of the reports."""
    inbox = Inbox(ctx.app.settings.data_dir)
    waiting = inbox.waiting(_entity_code(ctx, place.entity_id), place.kind)
    sums: Counter[str] = Counter(files=0, known=0, unfinished=0, read=0, new=0, unchanged=0, rejected=0)
    for number, path in enumerate(waiting, start=1):
        ctx.safe_point()
        report = _take_one(ctx, place, inbox, path)
        if report is None:
            sums["unfinished"] += 1
        else:
            sums.update(_figures(report))
        ctx.progress(number, len(waiting), phase=path.name)
    return dict(sums)


def _take_one(ctx: RunContext, place: Place, inbox: Inbox, path: Path) -> Report | None:
    if not is_still(path):
        return None
    try:
        file = IncomingFile.at(path)
        with ctx.unit_of_work() as uow:
            report = place.take(uow, file, inbox.origin(path))
    except (NotFound, Conflict):  # gone, or written to while it was read: the next run looks again
        return None
    inbox.settle(path, report.status)
    if report.rows_rejected or report.problem:
        ctx.log(
            f"{place.kind}.file_with_rejections",
            level="warning",
            name=file.name,
            rejected=report.rows_rejected,
            problem=report.problem.sentence if report.problem else None,
        )
    return report


def _figures(report: Report) -> dict[str, int]:
    if report.known:
        return {"files": 1, "known": 1}
    return {
        "files": 1,
        "read": report.rows_read,
        "new": report.rows_new,
        "unchanged": report.rows_unchanged,
        "rejected": report.rows_rejected,
    }


def _entity_code(ctx: RunContext, entity_id: uuid.UUID) -> str:
    with ctx.unit_of_work() as uow:
        for entity in identity.legal_entities(uow):
            if entity.id == entity_id:
                return entity.code
    raise NotFound("There is no such legal entity.")
