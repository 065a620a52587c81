"""The PostgreSQL that comes with the console: started in the data folder when `DATABASE_URL` is unset.

Not started through the package's own launcher, which gives up after 10 s (a crash recovery takes longer), can
hand back the address of a dead server, trusts every local user and opens the folders above the data to all.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from services.core.errors import Unavailable
from services.core.folder_lock import FolderLock
from services.core.postgres_account import Account, account_for, binaries, binaries_for

__all__ = ["APPLICATION_ROLE", "EmbeddedPostgres", "binaries"]

APPLICATION_ROLE = "kontor_app"
_MAJOR = "18"
_HERE = "/proc/self/cwd"
_TUNING = {
    "listen_addresses": "",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    "work_mem": "8MB",
    "temp_buffers": "64MB",
    "wal_buffers": "64MB",
    "maintenance_work_mem": "128MB",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
    "enable_partitionwise_join": "on",
    "max_connections": "100",
    "max_slot_wal_keep_size": "2GB",
    "unix_socket_permissions": "0700",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_startup_progress_interval": "1s",
}
_LOG_LIMIT = 10 * 1024 * 1024
_RECOVERY = re.compile(r"(syncing data directory|redo in progress).*elapsed time: ([\d.]+) s")
# What a server says whose predecessor was killed and whose last processes are not gone yet.
_PREDECESSOR = "pre-existing shared memory block"

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    return


class EmbeddedPostgres:
    """One server in `folder`: `folder/data`, two password files only their owner reads, a private socket folder."""

    def __init__(self, folder: Path, *, settings: dict[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.settings = _TUNING | (settings or {})
        self._users, self._keeper = (FolderLock(self.folder / "users.lock") for _ in range(2))
        self._process: subprocess.Popen[bytes] | None = None
        self._heard = 0

    @property
    def socket_folder(self) -> Path:
        """Short, since a socket's path may have 103 bytes at most, private (0700), and the same for every process."""
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        base = Path("/tmp")  # noqa: S108 - the folder in it is checked to be ours and private
        return (base if base.is_dir() else Path(tempfile.gettempdir())) / f"kontor-pg-{name}"

    @property
    def url(self) -> str:
        """The owner's address, for migrations and upkeep.

        Raises Unavailable when the server was never started here, since its passwords are made then.
        """
        return self._address("kontor", self.folder / "password")

    @property
    def application_url(self) -> str:
        """The application's address: a role that owns nothing. Raises Unavailable as `url` does."""
        return self._address(APPLICATION_ROLE, self.folder / "application_password")

    @property
    def is_made(self) -> bool:
        """Whether both addresses are known: the server was started once by this version."""
        return (self.folder / "password").exists() and (self.folder / "application_password").exists()

    def _address(self, role: str, kept: Path) -> str:
        try:
            password = quote(kept.read_text().strip())
        except OSError as error:
            raise Unavailable(
                f"There is no database in {self.folder} yet. Start Kontor with `kontor up`, or set DATABASE_URL."
            ) from error
        return f"postgresql+psycopg://{role}:{password}@/kontor?host={self.socket_folder}"

    @contextmanager
    def in_use(self, progress: Progress = _silent) -> Iterator[None]:
        """The server for the time of the block; whoever leaves last stops it, unless another still uses it."""
        with self._starting():
            self._users.share()
            self._start_unless_ready(600, progress)
            self._make_application_role()
        try:
            yield
        finally:
            self._users.release()
            with self._starting():
                if self._users.try_alone():
                    self._users.release()
                    self.stop()

    def start(self, *, timeout: float = 600.0, progress: Progress = _silent) -> None:
        """Starts the server unless it runs, and waits until it answers; makes the cluster on first use.

        Until `stop`, or until this process ends, nobody who leaves `in_use` stops it. A crash recovery may take
        minutes; `progress` is told. Raises Unavailable with what to do.
        """
        with self._starting():
            self._keeper.share()
            self._start_unless_ready(timeout, progress)
            self._make_application_role()

    def stop(self, *, timeout: float = 60.0) -> None:
        """A fast, clean stop; after `timeout` seconds an immediate one, which the next start repairs."""
        self._keeper.release()
        postmaster = self.postmaster()
        if postmaster is not None:
            for number, patience in ((signal.SIGINT, timeout), (signal.SIGQUIT, 1.0)):
                with suppress(psutil.NoSuchProcess):
                    postmaster.send_signal(number)
                if self._gone(postmaster, patience):
                    break
            else:
                self._end_leftovers(signal.SIGKILL)
                self._gone(postmaster, 5.0)
        shutil.rmtree(self.socket_folder, ignore_errors=True)

    def is_ready(self) -> bool:
        command = [binaries() / "pg_isready", "-h", self.socket_folder, "-q"]
        return subprocess.run(command, check=False, cwd="/").returncode == 0

    def postmaster(self) -> psutil.Process | None:
        """The running server's process; None for a pid file left by a dead one, even if the number is used again."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            return process if self._is_ours(process) else None
        except (OSError, ValueError, IndexError, psutil.Error):
            return None

    @cached_property
    def _account(self) -> Account:
        return account_for(self.data)

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """Starts and stops on one folder follow each other, whichever process wants them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FolderLock(self.folder / "start.lock").alone():
            yield

    def _start_unless_ready(self, timeout: float, progress: Progress) -> None:
        if self.is_ready():
            return
        self._account.own(self.folder)
        self.folder.chmod(0o700)
        self._make_socket_folder()
        if not (self.data / "PG_VERSION").exists():
            progress("Making the database")
            self._initialise()
        self._check_version()
        deadline = time.monotonic() + timeout
        while not self._attempt(deadline, progress):
            self._end_leftovers(signal.SIGQUIT)
            time.sleep(0.5)

    def _attempt(self, deadline: float, progress: Progress) -> bool:
        """True when the server answers, False when the rest of a killed predecessor was in the way."""
        if self.postmaster() is None:
            self._clear_remains()
            self._heard = self.log.stat().st_size if self.log.exists() else 0
            self._launch()
        said = self._heard
        while time.monotonic() < deadline:
            if self.is_ready():
                return True
            if self._process is not None and self._process.poll() is not None:
                if _PREDECESSOR in self._log_tail():
                    return False
                raise Unavailable(f"The embedded PostgreSQL did not start: {self._last_words()} See {self.log}.")
            said = self._tell_recovery(said, progress)
            time.sleep(0.05)
        raise Unavailable(
            f"The embedded PostgreSQL did not answer in time; see {self.log}. A new start goes on from there."
        )

    def _clear_remains(self) -> None:
        """Removes the lock files of a dead server, which would stop a new one if its number is used again."""
        if self._process is not None:
            self._process.poll()
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for remains in self.socket_folder.glob(".s.PGSQL.*"):
            remains.unlink()

    def _launch(self) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
            self._heard = 0
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data_argument(self.data), "-k", self.socket_folder, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                env=_ENVIRONMENT,
                start_new_session=True,
                **self._account.credentials(),  # type: ignore[arg-type]
            )

    @cached_property
    def _programs(self) -> Path:
        return binaries_for(self._account)

    def _data_argument(self, data: Path) -> str:
        """The data folder as the server is told: its own working folder when a folder above is closed to it.

        That name is resolved by the kernel to the folder itself, so nothing above it needs to be opened.
        """
        return str(data) if self._account.reaches(data) else _HERE

    def _initialise(self) -> None:
        """Makes the cluster beside its place and moves it there when it is whole, so a kill half way leaves nothing."""
        if self.data.exists() and any(self.data.iterdir()):
            raise Unavailable(f"{self.data} holds something that is no PostgreSQL data; move it away and start again.")
        half_done = self.folder / "data.new"
        shutil.rmtree(half_done, ignore_errors=True)
        half_done.mkdir(mode=0o700)
        self._account.own(half_done)
        password = secrets.token_urlsafe(24)
        kept = self.folder / "password"
        kept.unlink(missing_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(password)
        handed_over = self.socket_folder / "password"
        handed_over.touch(mode=0o600)
        handed_over.write_text(password)
        self._account.own(handed_over)
        options = ["--auth=scram-sha-256", f"--pwfile={handed_over}", "--encoding=UTF8", "--locale=C", "-U", "kontor"]
        try:
            self._run(half_done, "initdb", *options)
            self._run(half_done, "postgres", "--single", database="postgres", script="CREATE DATABASE kontor")
        finally:
            handed_over.unlink()
        if self.data.exists():
            self.data.rmdir()
        half_done.rename(self.data)

    def _make_application_role(self) -> None:
        """The login the application uses, once: what it may do with each table is the migrations' business."""
        if self.is_made:
            return
        password = secrets.token_urlsafe(24)
        name = sql.Identifier(APPLICATION_ROLE)
        known = "SELECT 1 FROM pg_roles WHERE rolname = %s"
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            if connection.execute(known, (APPLICATION_ROLE,)).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {}").format(name))
            given = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(password))
            connection.execute(given)
        fresh = self.folder / "application_password.new"
        fresh.touch(mode=0o600)
        fresh.write_text(password)
        fresh.replace(self.folder / "application_password")

    def _run(self, data: Path, program: str, *options: str, database: str = "", script: str = "") -> None:
        command = [self._programs / program, *options, "-D", self._data_argument(data), *filter(None, [database])]
        done = subprocess.run(
            command,
            input=script.encode(),
            capture_output=True,
            check=False,
            cwd=data,
            env=_ENVIRONMENT,
            **self._account.credentials(),  # type: ignore[arg-type]
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
            raise Unavailable(f"The database could not be made in {self.folder}: {said[-1] if said else program}.")

    def _check_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != _MAJOR:
            raise Unavailable(
                f"The data in {self.data} were made by PostgreSQL {version}; this Kontor brings {_MAJOR}. "
                "Dump and restore them, or choose another KONTOR_DATA_DIR."
            )
        if not (self.folder / "password").exists():
            raise Unavailable(f"{self.folder / 'password'} is missing; put it back, or choose another KONTOR_DATA_DIR.")

    def _make_socket_folder(self) -> None:
        """Refuses a folder somebody else put there: whoever owns it could stand between us and the server."""
        with suppress(FileExistsError):
            self.socket_folder.mkdir(mode=0o700)
            self._account.own(self.socket_folder)
        found = self.socket_folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {self._account.uid, os.geteuid()}:
            raise Unavailable(f"{self.socket_folder} belongs to somebody else; remove it and start again.")
        self._account.own(self.socket_folder)
        self.socket_folder.chmod(0o700)

    def _is_ours(self, process: psutil.Process) -> bool:
        """A server's processes work in its data folder, so a reused process number is told apart."""
        if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
            return False
        return os.path.realpath(process.cwd()) == str(self.data)

    def _end_leftovers(self, number: signal.Signals) -> None:
        """Ends what outlived a killed server: its backends hold its shared memory."""
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if self._is_ours(process):
                    process.send_signal(number)

    def _gone(self, postmaster: psutil.Process, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self._process is not None and self._process.pid == postmaster.pid:
                self._process.poll()
            if not postmaster.is_running() or postmaster.status() == psutil.STATUS_ZOMBIE:
                return True
            time.sleep(0.02)
        return False

    def _log_tail(self) -> str:
        """What the server wrote since it was launched, its end."""
        with suppress(OSError), self.log.open("rb") as log:
            log.seek(max(self._heard, log.seek(0, os.SEEK_END) - 4000))
            return log.read().decode(errors="replace")
        return ""

    def _last_words(self) -> str:
        fatal = [line for line in self._log_tail().splitlines() if "FATAL:" in line or "PANIC:" in line]
        return fatal[-1].split(":  ", 1)[-1] + "." if fatal else "it ended without a word."

    def _tell_recovery(self, said: int, progress: Progress) -> int:
        size = self.log.stat().st_size
        found = _RECOVERY.findall(self._log_tail()) if size > said else []
        if found:
            progress(f"The database repairs itself after a crash: {found[-1][0]}, {float(found[-1][1]):.0f} s")
        return size


_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
