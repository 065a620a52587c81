"""The supervisor with real processes: plain ones here, `kontor up` itself below."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from console.supervision.child import Child
from console.supervision.supervisor import Supervisor
from services.core.embedded_postgres import EmbeddedPostgres

_STUBBORN = "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
_WITH_CHILD = "import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"
_SLOWNESS_OF_A_BUSY_MACHINE = 5.0


def _child(name: str, code: str, folder: Path) -> Child:
    return Child(name, [sys.executable, "-c", code], folder / f"{name}.log")


def _eventually(happened: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError(f"did not happen within {seconds} s")


def _all_gone(processes: list[psutil.Process]) -> bool:
    return all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes)


def test_a_child_that_dies_is_started_again_ever_more_slowly_and_said_so(tmp_path: Path):
    said: list[str] = []
    with Supervisor(lambda who, what: said.append(f"{who} {what}")) as supervisor:
        supervisor.start(_child("steady", "import time; time.sleep(60)", tmp_path))
        supervisor.start(_child("failing", "raise SystemExit(3)", tmp_path))
        os.kill(supervisor.children[0].process.pid, signal.SIGKILL)  # pyright: ignore[reportOptionalMemberAccess]

        def tended() -> bool:
            supervisor.tend()
            return sum(line.startswith("failing ended") for line in said) == 3

        _eventually(tended)
    steady = [line for line in said if line.startswith("steady")]
    assert "ended by SIGKILL; starting it again in 0.2 s" in steady[0]
    assert steady[1:] == ["steady started again"]
    failing = [line.split(". Its log")[0] for line in said if line.startswith("failing ended")]
    assert [line.rsplit(" in ")[-1] for line in failing] == ["0.2 s", "0.4 s", "0.8 s"]
    assert failing[0].startswith("failing ended with status 3")


def test_stopping_ends_stubborn_children_and_grandchildren_within_five_seconds(tmp_path: Path):
    supervisor = Supervisor(lambda *_: None)
    with supervisor:
        for name, code in (("stubborn", _STUBBORN), ("parent", _WITH_CHILD)):
            supervisor.start(_child(name, code, tmp_path))
        ours = psutil.Process()
        _eventually(lambda: len(ours.children(recursive=True)) >= 4)
        processes = ours.children(recursive=True)
        started = time.monotonic()
    assert time.monotonic() - started < 5 + _SLOWNESS_OF_A_BUSY_MACHINE
    assert _all_gone(processes)


def test_a_guard_that_dies_is_replaced(tmp_path: Path):
    with Supervisor(lambda *_: None) as supervisor:
        supervisor.start(_child("steady", "import time; time.sleep(60)", tmp_path))
        first = supervisor._guard
        assert first is not None
        first.kill()
        first.wait()
        supervisor.tend()
        assert supervisor._guard is not None
        assert supervisor._guard.pid != first.pid


def test_a_database_that_dies_is_started_again_and_said_so(tmp_path: Path):
    said: list[str] = []
    server = EmbeddedPostgres(tmp_path / "postgres", settings={"shared_buffers": "16MB"})
    with Supervisor(lambda _, what: said.append(what), server) as supervisor:
        supervisor.start_database()
        postmaster = server.postmaster()
        assert postmaster is not None
        postmaster.kill()
        _eventually(lambda: server.postmaster() is None)
        supervisor.tend()
        assert server.is_ready()
    told = [line for line in said if line.startswith("PostgreSQL")]  # how far a recovery has come may stand between
    assert told[-2:] == ["PostgreSQL died; starting it again", "PostgreSQL answers again"]
    assert server.postmaster() is None


class Up:
    """A running `kontor up` on a folder and a port of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        self.folder, self.output = folder, folder.parent / f"{folder.name}.out"
        self.environment = {
            **os.environ,
            "KONTOR_DATA_DIR": str(folder),
            "KONTOR_PORT": str(self.port),
            "KONTOR_DATABASE__SHARED_BUFFERS_MB": "16",
        }
        self.environment.pop("DATABASE_URL", None)
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "console.cli", "up", "--no-sandbox"]
            return subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)

    def once_more(self, **changes: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "console.cli", "up", "--no-sandbox"]
        environment = {**self.environment, **changes}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    def said(self) -> str:
        return self.output.read_text()

    def log(self, name: str) -> str:
        path = self.folder / "logs" / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def everything(self) -> list[psutil.Process]:
        postmaster = EmbeddedPostgres(self.folder / "postgres").postmaster()
        found = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        return [*found, *([postmaster, *postmaster.children()] if postmaster else [])]

    def running(self, *words: str) -> psutil.Process | None:
        for process in psutil.Process(self.process.pid).children():
            if " ".join(words) in " ".join(process.cmdline()):
                return process
        return None


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path / "data")
    yield up
    if up.process.poll() is None:
        up.process.send_signal(signal.SIGINT)
        up.process.wait(30)


def test_up_restarts_refuses_a_second_one_and_leaves_nothing_on_ctrl_c(up: Up):
    _eventually(lambda: "worker.ready" in up.log("worker"), 90)
    second = up.once_more()
    assert second.returncode == 1
    assert f"already runs on {up.folder} (process {up.process.pid})" in second.stderr
    worker = up.running("jobs", "worker")
    assert worker is not None
    worker.kill()
    _eventually(lambda: "worker    ended by SIGKILL" in up.said() and "worker    started again" in up.said())
    _eventually(lambda: up.log("worker").count("worker.ready") == 2)
    processes = up.everything()
    assert len(processes) > 5
    started = time.monotonic()
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(30) == 0
    assert time.monotonic() - started < 5 + _SLOWNESS_OF_A_BUSY_MACHINE
    assert _all_gone(processes)
    assert up.said().endswith("stopped\n")


def test_a_killed_supervisor_takes_everything_with_it_and_the_next_start_works(up: Up):
    _eventually(lambda: "worker.ready" in up.log("worker"), 90)
    processes = up.everything()
    up.process.kill()
    up.process.wait()
    _eventually(lambda: _all_gone(processes), 20)
    up.process = up.start()
    _eventually(lambda: up.log("worker").count("worker.ready") == 2, 60)
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(30) == 0


def test_a_taken_port_is_a_sentence(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = [sys.executable, "-m", "console.cli", "up", "--no-sandbox"]
        environment = {**os.environ, "KONTOR_DATA_DIR": str(tmp_path / "data"), "KONTOR_PORT": str(port)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_database_that_does_not_answer_is_a_sentence_and_nothing_is_left(tmp_path: Path):
    environment = {
        **os.environ,
        "KONTOR_DATA_DIR": str(tmp_path / "data"),
        "KONTOR_PORT": str(_free_port()),
        "DATABASE_URL": "postgresql://kontor@127.0.0.1:1/kontor",
    }
    command = [sys.executable, "-m", "console.cli", "up", "--no-sandbox"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "The database cannot be reached" in done.stderr


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
