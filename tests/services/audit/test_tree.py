"""Sealing, signing, proving and verifying a log in the database."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from services import audit
from services.audit import AuditFilter, LogRewritten, NotSealedYet, merkle
from services.audit.tree import StoredTree
from services.core.errors import Conflict, Invalid, NotFound, Unavailable
from tests.conftest import owner_url
from tests.services.audit.conftest import SYSTEM, Log

# Of this transaction, before they are added to what the server counts.
_ENTRIES_READ = (
    "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'audit_entry'"
)


def leaves(log: Log) -> list[bytes]:
    with log.database.unit_of_work(SYSTEM) as uow:
        rows = uow.driver.execute(
            "SELECT canonical FROM audit_leaf l JOIN audit_entry e ON e.id = entry_id ORDER BY index"
        )
        return [merkle.leaf_hash(bytes(row[0])) for row in rows]


def test_every_entry_gets_one_leaf_and_the_stored_tree_is_the_rfcs(log: Log):
    log.write(700)
    assert log.seal(batch=97) == 700
    log.write(13)
    assert log.seal() == 713
    hashes = leaves(log)
    with log.database.unit_of_work(SYSTEM) as uow:
        tree = StoredTree(uow.driver)
        for size in (1, 2, 255, 256, 257, 512, 700, 713):
            assert tree.root(size) == merkle.root(hashes[:size])
        assert merkle.inclusion_path(300, 713, tree.hash_of) == merkle.inclusion_proof(hashes, 300)


def test_what_commits_late_is_sealed_though_its_id_is_older(log: Log):
    sealer = audit.Sealer()

    def step() -> audit.Sealed:
        with log.database.unit_of_work(SYSTEM) as uow:
            return sealer.step(uow)

    with log.database.unit_of_work(SYSTEM) as slow:
        audit.record(slow, action="a.b.early", subject_type="x", subject_id="1")
        log.write(3)
        assert step().size == 3
        assert step().count == 0
    assert step() == audit.Sealed(1, 4, False)
    assert step().count == 0


@pytest.mark.parametrize("is_new", [True, False])
def test_a_batch_reads_no_more_entries_than_it_seals_however_many_wait(log: Log, is_new: bool):
    sealer = audit.Sealer(batch=100)

    def step() -> tuple[audit.Sealed, int]:
        with log.database.unit_of_work(SYSTEM) as uow:
            before = uow.driver.execute(_ENTRIES_READ).fetchone()[0]
            return sealer.step(uow), uow.driver.execute(_ENTRIES_READ).fetchone()[0] - before

    log.write(60)
    step()
    with psycopg.connect(owner_url(log.database).replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("ANALYZE audit_entry, audit_leaf")
    log.write(1_000)
    if is_new:
        sealer = audit.Sealer(batch=100)
    steps = [step() for _ in range(11)]
    assert [done.count for done, _ in steps] == [100] * 10 + [0]
    assert max(read for _, read in steps[1:]) <= 202
    assert log.verify().is_whole


def test_two_sealers_at_once_leave_no_gap(log: Log):
    log.write(50)
    first, second = audit.Sealer(batch=20), audit.Sealer(batch=20)
    for sealer in (first, second, first, second, first):
        with log.database.unit_of_work(SYSTEM) as uow:
            sealer.step(uow)
    assert log.seal() == 50
    assert log.verify().is_whole


def test_a_checkpoint_is_signed_when_due_and_opens(log: Log):
    log.write(5)
    log.seal()
    head = log.sign()
    assert head is not None
    opened = audit.open_checkpoint(head.note, log.keys.verifiers(), origin=log.keys.origin)
    assert (opened.size, opened.root.hex(), opened.time) == (5, head.root, head.signed_at.replace(microsecond=0))
    assert log.sign(after=30) is None, "nothing changed"
    log.write(1)
    log.seal()
    assert log.sign(after=5) is None, "too soon"
    grown = log.sign(after=20)
    assert grown is not None
    assert grown.size == 6
    assert log.sign(after=61) is not None, "the heartbeat"
    assert (log.keys.folder / f"{log.keys.known()[0].id}.key").stat().st_mode & 0o077 == 0


def test_keys_overlap_and_old_ones_still_verify(log: Log):
    log.write(1)
    log.seal()
    assert log.sign() is not None
    now = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
    first = log.keys.known()[0]
    second = log.keys.create(now, overlap=dt.timedelta(days=7))
    both = log.sign()
    assert both is not None
    assert both.note.count("\u2014") == 2
    later = log.sign(after=8 * 86400)
    assert later is not None
    assert later.note.count("\u2014") == 1
    assert log.verify().is_whole
    assert [key.state(now + dt.timedelta(days=8)) for key in log.keys.known()] == ["retired", "signs"]
    with pytest.raises(Conflict):
        log.keys.retire(second.id, now)
    with pytest.raises(NotFound):
        log.keys.retire("00000000", now)
    (log.keys.folder / f"{first.id}.key").write_text("{}")
    with pytest.raises(Unavailable):
        log.keys.signers(now)


def test_without_its_key_the_log_is_not_signed_by_a_new_one(log: Log):
    log.write(1)
    log.seal()
    log.sign()
    for path in log.keys.folder.glob("*"):
        path.unlink()
    with pytest.raises(Unavailable, match="missing"):
        log.sign()


def test_the_signer_refuses_a_log_that_was_cut_or_rewritten(log: Log):
    log.write(10)
    log.seal()
    head = log.sign()
    assert head is not None
    with psycopg.connect(owner_url(log.database).replace("+psycopg", "")) as superuser:
        for table in ("audit_entry", "audit_leaf", "audit_checkpoint"):
            superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
        superuser.execute("DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_leaf WHERE index >= 8)")
        superuser.execute("DELETE FROM audit_leaf WHERE index >= 8")
        superuser.execute("DELETE FROM audit_checkpoint")
    with pytest.raises(LogRewritten, match="was cut"):
        log.sign()
    log.write(4)
    assert log.seal() == 12
    with pytest.raises(LogRewritten, match="not those that were signed"):
        log.sign()
    assert [f.kind for f in log.verify(exported=[head.note]).findings] == ["root_differs"]


def test_a_proof_holds_by_itself(log: Log):
    ids = log.write(600)
    with log.database.unit_of_work(SYSTEM) as uow, pytest.raises(NotSealedYet):
        audit.prove(uow, entry_id=ids[0])
    log.seal()
    log.sign()
    with log.database.unit_of_work(SYSTEM) as uow:
        proof = audit.prove(uow, entry_id=ids[300])
    head = audit.open_checkpoint(proof.checkpoint, log.keys.verifiers())
    path = [bytes.fromhex(step) for step in proof.path]
    assert merkle.verify_inclusion(merkle.leaf_hash(proof.canonical.encode()), proof.leaf, head.size, path, head.root)
    with log.database.unit_of_work(SYSTEM) as uow:
        audit.erase_personal(uow, entries=[ids[300]], reason="asked")
        erased = audit.prove(uow, entry_id=ids[300])
    assert (erased.path, erased.canonical, erased.personal) == (proof.path, proof.canonical, None)
    log.seal()
    assert log.verify().is_whole


def test_verification_since_a_checkpoint_hashes_only_what_came_after(log: Log):
    log.write(300)
    log.seal()
    first = log.sign()
    log.write(40)
    log.seal()
    log.sign()
    assert first is not None
    done = log.verify(since=first.note)
    assert (done.since, done.size, done.problems) == (300, 340, 0)
    with pytest.raises(Invalid):
        log.verify(since=first.note.replace("300", "301"))


def test_the_extract_is_checked_by_a_bare_python(log: Log, tmp_path: Path):
    log.write(30)
    log.seal()
    head = log.sign()
    assert head is not None
    place = tmp_path / "extract.zip"
    with log.database.unit_of_work(SYSTEM) as uow, place.open("wb") as file:
        audit.erase_personal(
            uow, entries=[row[0] for row in uow.driver.execute("SELECT id FROM audit_entry LIMIT 3")], reason="asked"
        )
        audit.write_bundle(uow, file=file, filter=AuditFilter(subject_type="payment"), verifiers=log.keys.verifiers())
    folder = tmp_path / "extract"
    zipfile.ZipFile(place).extractall(folder)
    (tmp_path / "seen.txt").write_text(head.note)

    def check(*more: str) -> tuple[int, dict]:
        command = [sys.executable, "-I", "-S", str(folder / "verify.py"), str(folder), "--json", *more]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout)

    status, told = check("--key", str(log.keys.verifiers()[0]), "--checkpoint", str(tmp_path / "seen.txt"))
    assert (status, told["holds"], told["entries"], told["keys_from_outside"]) == (0, True, 30, True)
    lines = (folder / "entries.ndjson").read_text()
    for spoilt in (lines.replace("goodwill 7", "goodwill 9"), lines.replace('amount_minor\\":7', 'amount_minor\\":8')):
        assert spoilt != lines
        (folder / "entries.ndjson").write_text(spoilt)
        assert check()[0] == 1
    (folder / "entries.ndjson").write_text(lines)
    (folder / "checkpoint.txt").write_text(head.note.replace("\n30\n", "\n31\n"))
    assert check()[1]["problems"] == ["a signature of the checkpoint is wrong"]


def test_words_are_indexed_behind_the_sealer(log: Log):
    log.write(20)
    log.seal()
    with log.database.unit_of_work(SYSTEM) as uow:
        assert not audit.index_words(uow)
        assert uow.session.scalar(text("SELECT count(*) FROM audit_search")) == 20
        assert len(audit.search(uow, filter=AuditFilter(text="goodwill 13 asked")).entries) == 1
