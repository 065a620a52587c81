"""Finds a Chromium for the journeys, or installs one: Playwright's own, or the system's.

`python -m tests.chromium` prepares; `executable()` answers where it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def executable() -> str | None:
    """Path of a system Chromium, or None when Playwright's own is to be used."""
    if configured := os.environ.get("KONTOR_TEST_CHROMIUM"):
        return configured
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def _has_playwrights_own() -> bool:
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    return any(folder.glob("chromium-*/INSTALLATION_COMPLETE"))


def prepare() -> None:
    """Makes sure a Chromium is there. Exits with one sentence that says what to do when none can be had."""
    if executable() or _has_playwrights_own():
        return
    if _succeeds([sys.executable, "-m", "playwright", "install", "chromium"], seconds=120):
        return
    sudo = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    if shutil.which("apt-get") and _succeeds([*sudo, "apt-get", "update", "--quiet"], seconds=300):
        _succeeds([*sudo, "apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium"], seconds=900)
    if not executable():
        sys.exit(
            "No Chromium found. Install one (Debian: apt-get install chromium), or set KONTOR_TEST_CHROMIUM to it."
        )


def _succeeds(command: list[str], *, seconds: int) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    prepare()
