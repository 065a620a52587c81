"""`kontor import …`: bank statements and ledger files from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.commands.support import AsJson, answer, unit_of_work
from services import bank, books, identity, runs
from services.core.inbox import FileOrigin, FileStatus, IncomingFile

app = typer.Typer(help="Bank statements and the merchant's own books.", no_args_is_help=True)

_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file; it stays where it is.")]
_Entity = Annotated[str, typer.Option(help="Code of the legal entity it belongs to.")]


@app.command("bank")
def import_bank(file: _File, entity: _Entity, as_json: AsJson = False) -> None:
    """Take a CAMT.053 statement, or a ZIP of them, and print its report. The same file again changes nothing.

    Example: kontor import bank camt053_2026-03-16.zip --entity mh-de
    """
    with unit_of_work() as uow:
        report = bank.import_file(
            uow,
            entity_id=identity.entity_by_code(uow, code=entity).id,
            file=IncomingFile.at(file),
            origin=FileOrigin.COMMAND,
        )
        _, rejections = bank.file_report(uow, file_id=report.id)
    words = f"{report.rows_read} rows read, {report.rows_new} new, {report.rows_unchanged} unchanged"
    unproven = [statement.reference for statement in report.statements if statement.problem]
    lines = [f"{rejection.member}, line {rejection.line}: {rejection.reason.sentence}" for rejection in rejections]
    lines += [f"Statement {reference} does not add up; its days cannot be signed off." for reference in unproven]
    _tell(report, words, lines, {"report": report, "rejections": rejections}, as_json=as_json)


@app.command("books")
def import_books(file: _File, entity: _Entity, as_json: AsJson = False) -> None:
    """Take a ledger file by the entity's mapping and print its report. The same file again changes nothing.

    Example: kontor import books ledger-2026-03-16.csv --entity mh-de --json
    """
    with unit_of_work() as uow:
        report = books.import_file(
            uow,
            entity_id=identity.entity_by_code(uow, code=entity).id,
            file=IncomingFile.at(file),
            origin=FileOrigin.COMMAND,
        )
        _, rejections = books.file_report(uow, file_id=report.id)
    words = (
        f"{report.rows_read} rows read, {report.rows_new} new, {report.rows_changed} changed, "
        f"{report.rows_unchanged} unchanged"
    )
    lines = [f"line {rejection.line}: {rejection.reason.sentence}" for rejection in rejections]
    _tell(report, words, lines, {"report": report, "rejections": rejections}, as_json=as_json)


@app.command()
def mapping(
    entity: _Entity,
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, help="JSON; without it, print.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print how the entity's ledger files are read, or give it the next version of the mapping.

    \b
    Examples:
      kontor import mapping --entity mh-de > mapping.json
      kontor import mapping mapping.json --entity mh-de
    """
    with unit_of_work() as uow:
        entity_id = identity.entity_by_code(uow, code=entity).id
        if file is not None:
            version = books.set_mapping_json(uow, entity_id=entity_id, document=file.read_text())
            answer({"version": version}, f"Mapping version {version} reads the next file.", as_json=as_json)
            return
        found = books.mapping_of(uow, entity_id=entity_id)
    answer(found.model_dump(), found.model_dump_json(indent=2), as_json=as_json)


@app.command()
def scan(as_json: AsJson = False) -> None:
    """Start a run that takes whatever waits in the inboxes. A worker has to be running.

    Example: kontor import scan
    """
    with unit_of_work() as uow:
        run_id = runs.enqueue(uow, kind=bank.SCAN, params=bank.ScanParams())
    answer({"run_id": run_id}, f"Started run {run_id}.", as_json=as_json)


def _tell(
    report: bank.BankFileView | books.LedgerFileView,
    words: str,
    lines: list[str],
    data: object,
    *,
    as_json: bool,
) -> None:
    """The report; exit status 1 when nothing of the file could be taken."""
    head = f"{report.name} was taken before: " if report.known else f"{report.name}: "
    problem = report.problem.sentence if report.problem else ""
    tail = [problem] if problem and problem not in "".join(lines) else []
    answer(data, "\n".join([f"{head}{words}, {report.rows_rejected} rejected.", *tail, *lines]), as_json=as_json)
    if report.status is FileStatus.REJECTED:
        raise typer.Exit(1)
