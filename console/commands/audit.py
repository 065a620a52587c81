"""`kontor audit …`: verify the log, prove an entry, take the log away, change the signing key."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from console.commands.support import FAILED, AsJson, answer, application, command_line_actor, table, unit_of_work
from services import audit
from services.audit import AuditFilter
from services.bootstrap import audit_keys
from services.core.errors import Invalid
from services.core.settings import load_settings

app = typer.Typer(help="The tamper-evident audit log.", no_args_is_help=True)
keys_app = typer.Typer(help="The keys that sign the log's checkpoints.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")

_ZONE = "UTC"
_Note = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="A checkpoint kept elsewhere: a note, or a sink's file."),
]
_Key = Annotated[list[str] | None, typer.Option(help="Public key to trust instead of those in the key folder.")]


@app.command()
def verify(
    checkpoint: _Note = None,
    since: _Note = None,
    key: _Key = None,
    connections: Annotated[int, typer.Option(min=1, max=16, help="Database connections that hash side by side.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Hash every entry anew and compare the log with all that was signed; status 1 when something differs.

    \b
    Examples:
      kontor audit verify
      kontor audit verify --checkpoint /mnt/other/latest.txt
      kontor audit verify --since last-month.txt --json
    """
    with application() as app_:
        keys = audit_keys(app_.settings)
        verifiers = audit.parse_verifiers("\n".join(key)) if key else keys.verifiers()
        known = [keys.last_note()] if not key else []
        exported = [note for note in [*known, *_notes(checkpoint)] if note]
        done = audit.verify_log(
            app_.database,
            actor=command_line_actor(),
            verifiers=verifiers,
            exported=exported,
            since=next(iter(reversed(_notes(since))), None),
            connections=connections,
        )
        with app_.database.unit_of_work(command_line_actor()) as uow:
            audit.save_verification(uow, done=done)
    seconds = (done.finished_at - done.started_at).total_seconds()
    lines = [f"{finding.sentence}{_place(finding)}" for finding in done.findings]
    said = f"{done.size - done.since} entries and {done.checkpoints} checkpoints verified in {seconds:.1f} s: "
    said += "everything is as it was signed." if done.is_whole else f"{done.problems} problems."
    told = asdict(done) | {"whole": done.is_whole, "seconds": round(seconds, 3)}
    answer(told, "\n".join([said, *lines]), as_json=as_json)
    if not done.is_whole:
        raise typer.Exit(FAILED)


@app.command()
def prove(entry: Annotated[uuid.UUID, typer.Argument(help="Id of an entry.")], as_json: AsJson = False) -> None:
    """Print the proof that an entry stands in the log that the newest checkpoint signs.

    Example: kontor audit prove 019a… --json > proof.json
    """
    with unit_of_work() as uow:
        proof = audit.prove(uow, entry_id=entry)
    lines = [
        f"Entry {proof.entry_id} is leaf {proof.leaf} of {proof.size}.",
        *(f"  {step}" for step in proof.path),
        "",
        proof.checkpoint.rstrip(),
    ]
    answer(audit.proof_as_told(proof), "\n".join(lines), as_json=as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="The ZIP to write.")],
    *,
    since: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD (UTC).")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD (UTC).")] = None,
    action: Annotated[str | None, typer.Option(help="An action, or its beginning up to a dot.")] = None,
    subject: Annotated[str | None, typer.Option(help="Id of the record.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write entries with their proofs, the checkpoint, the public keys and a verifier that needs nothing of ours.

    \b
    Examples:
      kontor audit export log.zip
      kontor audit export may.zip --since 2026-05-01 --until 2026-05-31
    """
    query = {"from": since, "to": until, "action": action, "subject": subject}
    wanted = AuditFilter.from_address({name: value for name, value in query.items() if value}, _ZONE)
    with unit_of_work() as uow:
        verifiers = audit_keys(load_settings()).verifiers()
        with file.open("wb") as opened:
            head = audit.write_bundle(uow, file=opened, filter=wanted, verifiers=verifiers)
        audit.record(
            uow,
            action="audit.extract.taken",
            subject_type="export",
            subject_id="audit",
            after={"filter": {name: value for name, value in query.items() if value}, "checkpoint": head.size},
        )
    said = f"{file} holds the entries up to the checkpoint of {head.size}. Check it: unzip it, python3 verify.py ."
    answer({"file": str(file), "size": head.size, "root": head.root}, said, as_json=as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say how the log stands: checkpoint, sinks, last verification.

    Example: kontor audit status
    """
    with unit_of_work() as uow:
        now = audit.status(uow)
    head = now.checkpoint
    lines = [
        f"Not sealed yet: {now.unsealed}, the oldest for {now.oldest_unsealed_seconds:.1f} s.",
        f"Last checkpoint: {head.size} entries, {now.checkpoint_age_seconds:.0f} s ago."
        if head
        else "No checkpoint yet.",
    ]
    for sink in now.sinks:
        lines.append(f"{sink.name}: " + (sink.last_error or f"has the tree of {sink.delivered_size} entries."))
    if now.lacks_sinks:
        lines.append("Fewer than two sinks: set KONTOR_AUDIT__SINK_FOLDERS and KONTOR_AUDIT__SINK_WEBHOOKS.")
    done = now.verification
    lines.append(
        f"Last verification {done.finished_at:%Y-%m-%d %H:%M} UTC: {done.problems} problems in {done.size} entries."
        if done
        else "It was not verified yet."
    )
    answer(now, "\n".join(lines), as_json=as_json)


@app.command()
def erase(
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    person: Annotated[uuid.UUID | None, typer.Option(help="Id of a person: all they did, and all about them.")] = None,
    entry: Annotated[list[uuid.UUID] | None, typer.Option(help="Id of an entry; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Erase names, addresses and free text for good. Entries and proofs stay valid.

    Example: kontor audit erase --person 019a… --reason "Article 17 request of 3 May"
    """
    with unit_of_work() as uow:
        count = audit.erase_personal(uow, reason=reason, person=person, entries=entry or ())
    answer({"erased": count}, f"Erased the personal part of {count} entries.", as_json=as_json)


@keys_app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Show the keys, which of them sign, and their public halves.

    Example: kontor audit keys list
    """
    now = dt.datetime.now(dt.UTC)
    keys = audit_keys(load_settings()).known()
    told = [_told(key, now) for key in keys]
    rows = [[key["id"], key["state"], key["created_at"], key["signs_until"] or "", key["public_key"]] for key in told]
    answer(told, table(["id", "state", "since", "until", "public key"], rows), as_json=as_json)


@keys_app.command()
def rotate(
    overlap_days: Annotated[float, typer.Option(min=0, help="How long the old key signs beside the new one.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Make a new signing key. The old one signs beside it for a while, so that readers can learn of the new one.

    Example: kontor audit keys rotate --overlap-days 14
    """
    now = dt.datetime.now(dt.UTC)
    made = audit_keys(load_settings()).create(now, overlap=dt.timedelta(days=overlap_days))
    _note_key("rotated", made)
    answer(_told(made, now), f"Key {made.id} signs from now on. Publish: {made.signer.verifier}", as_json=as_json)


@keys_app.command()
def retire(key: Annotated[str, typer.Argument(help="Id of the key.")], as_json: AsJson = False) -> None:
    """End a key's signing at once. What it signed can still be verified.

    Example: kontor audit keys retire 1f2e3d4c
    """
    now = dt.datetime.now(dt.UTC)
    ended = audit_keys(load_settings()).retire(key, now)
    _note_key("retired", ended)
    answer(_told(ended, now), f"Key {ended.id} no longer signs.", as_json=as_json)


def _note_key(verb: str, key: audit.SigningKey) -> None:
    with unit_of_work() as uow:
        audit.record(
            uow,
            action=f"audit.signing_key.{verb}",
            subject_type="audit_signing_key",
            subject_id=key.id,
            after={"public_key": str(key.signer.verifier)},
        )


def _told(key: audit.SigningKey, now: dt.datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "state": key.state(now).value,
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "signs_until": key.signs_until.isoformat(timespec="seconds") if key.signs_until else None,
        "public_key": str(key.signer.verifier),
    }


def _place(finding: audit.Finding) -> str:
    where = [f"leaf {finding.leaf}" if finding.leaf is not None else "", finding.entry_id or ""]
    return f" ({', '.join(filter(None, where))})" if any(where) else ""


def _notes(file: Path | None) -> list[str]:
    """The checkpoints in a file: one note, or lines of a sink's daily file."""
    if file is None:
        return []
    text = file.read_text()
    if not text.startswith("{"):
        return [text]
    try:
        return [json.loads(line)["note"] for line in text.splitlines() if line]
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(f"{file} holds no checkpoints.") from error
