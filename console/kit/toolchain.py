"""Node, npm and the environment Reflex reads. Imports nothing of Reflex, so that it can run before it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from services.core.settings import load_settings

_DEFAULTS = {
    "REFLEX_USE_NPM": "1",
    "REFLEX_CHECK_LATEST_VERSION": "0",
    # Prerendered pages would ship their text to anonymous visitors and post forms before they work.
    "REFLEX_SSR": "0",
    "REFLEX_TELEMETRY_ENABLED": "0",
    "REFLEX_SOCKET_INTERVAL": "15",
    "REFLEX_SOCKET_TIMEOUT": "10",
    # Made at the start and never written to: what is sent is read from the request.
    "REFLEX_UPLOADED_FILES_DIR": ".states/uploads",
}


def prepare() -> None:
    """Puts the interpreter's bin folder (where the packaged Node lives) first on PATH and sets defaults."""
    folder = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if path.split(os.pathsep)[0] != folder:
        os.environ["PATH"] = os.pathsep.join((folder, path))
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    if shared := load_settings().redis_url:
        os.environ["REFLEX_REDIS_URL"] = shared.get_secret_value()


def use_configured_registry() -> None:
    """Hands npm's own registry on in the environment, which saves Reflex's latency probes; nothing is written."""
    if "NPM_CONFIG_REGISTRY" in os.environ:
        return
    answer = subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True, check=False)
    registry = answer.stdout.strip()
    if answer.returncode == 0 and registry.startswith("http"):
        os.environ["NPM_CONFIG_REGISTRY"] = registry
