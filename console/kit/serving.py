"""Building the bundle only when it would differ, and serving it within about a second."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from console.kit import toolchain

ROOT = Path(__file__).parents[2]
_WEB = ROOT / ".web"
_STAMP = _WEB / "built-from"
_LOCK = ROOT / ".web.lock"
_SOURCES = ("console", "assets", "reflex.lock", "rxconfig.py", "requirements.lock")
_CHATTER = re.compile(r"\s*(npm (silly|verbose|http|timing|info)\b|reifyNode:|\d+\s*$)")
_NOT_DRAWN = ("console/http_api", "console/commands", "console/cli.py")


class BuildFailed(Exception):
    """The bundle could not be built; the message ends with what the build printed."""


def fingerprint(root: Path = ROOT) -> str:
    """A hash over everything that shapes the bundle."""
    digest = hashlib.sha256()
    for source in _SOURCES:
        path = root / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            name = file.relative_to(root).as_posix()
            if file.is_file() and "__pycache__" not in name and not name.startswith(_NOT_DRAWN):
                digest.update(f"{name}\0{file.stat().st_size}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def is_built() -> bool:
    """Whether the bundle on disk is the one these sources make."""
    return _STAMP.exists() and _STAMP.read_text() == fingerprint() and (_WEB / "build/client/index.html").exists()


def build(*, force: bool = False) -> bool:
    """Builds when needed and says whether it did; a second process waits for the first and finds it done.

    Raises BuildFailed with the end of the build's own output.
    """
    with _locked():
        if is_built() and not force:
            return False
        toolchain.prepare()
        toolchain.use_configured_registry()
        _STAMP.unlink(missing_ok=True)
        wanted = fingerprint()
        command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip", "--no-ssr"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not (_WEB / "build/client/index.html").exists():
            raise BuildFailed(f"The pages could not be built.\n{_telling(done.stdout + done.stderr)}")
        _STAMP.write_text(wanted)
        return True


def _telling(output: str) -> str:
    """The end of what a build printed, without the lines in which npm only says what it is doing."""
    lines = [line for line in output.splitlines() if not _CHATTER.match(line)]
    return "\n".join(lines)[-3000:]


def serve(host: str, port: int) -> None:
    """Builds if needed, then serves pages, websocket and HTTP API on one port until it is told to stop."""
    toolchain.prepare()
    build()
    os.chdir(ROOT)
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    _serve_prebuilt(host, port)


def _serve_prebuilt(host: str, port: int) -> None:
    # Reflex's own launcher would compile and probe npm on every start; these switches are its internals,
    # pinned with the version and covered by a test.
    import uvicorn  # noqa: PLC0415
    from reflex_base import constants  # noqa: PLC0415
    from reflex_base.environment import environment  # noqa: PLC0415

    environment.REFLEX_ENV_MODE.set(constants.Env.PROD)
    environment.REFLEX_SKIP_COMPILE.set(True)
    environment.REFLEX_COMPILE_CONTEXT.set(constants.CompileContext.RUN)
    environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.set(True)
    with _without_collections():
        from console.console import app  # noqa: PLC0415

        pages = app()

    uvicorn.run(
        pages,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws_max_size=1 << 20,
        timeout_graceful_shutdown=3,
        forwarded_allow_ips=os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1"),
    )


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """For loading: what it makes stays, and looking for garbage in it took a fifth of a start (measured)."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    with _LOCK.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)


def _main(arguments: list[str]) -> int:
    if arguments not in (["build"], ["build", "--force"]):
        sys.stderr.write("usage: python -m console.kit.serving build [--force]\n")
        return 2
    try:
        built = build(force="--force" in arguments)
    except BuildFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("The pages were built.\n" if built else "The pages are up to date.\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
