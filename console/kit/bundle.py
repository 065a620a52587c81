"""Changes to the built bundle that Reflex has no setting for."""

from __future__ import annotations

import re
from typing import Any

from reflex_base.plugins import Plugin

_ADDRESS = re.compile(r"`(https?|wss?)://[^/`]+(/[^`]*)`")
_PREFIX = "var _o=globalThis.location?globalThis.location.origin:`http://localhost`,_w=_o.replace(/^http/,`ws`);"


class SameOrigin(Plugin):
    """Makes the bundle talk to the origin it was loaded from instead of the host and port of the build."""

    def post_build(self, **context: Any) -> None:
        (script,) = (context["static_dir"] / "assets").glob("reflex-env-*.js")
        text = script.read_text()
        if not text.startswith(_PREFIX):
            script.write_text(_PREFIX + _ADDRESS.sub(_relative, text))


def _relative(match: re.Match[str]) -> str:
    origin = "_w" if match[1].startswith("w") else "_o"
    return f"{origin}+`{match[2]}`"
