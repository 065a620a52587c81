"""Who may sign in to a sandbox, and that it never mixes with a real merchant. Light: read at every start."""

from __future__ import annotations

import json
from pathlib import Path

from services.core.errors import Conflict
from services.core.settings import Settings

PASSWORD = "kontor sandbox"  # noqa: S105 - shown on the sign-in page; it opens invented data alone
PEOPLE = (
    ("finance.a@kontor.example", "Finance A", "finance"),
    ("finance.b@kontor.example", "Finance B", "finance"),
    ("ops@kontor.example", "Ops A", "ops"),
    ("ops.b@kontor.example", "Ops B", "ops"),
    ("dev@kontor.example", "Dev A", "dev"),
    ("dev.b@kontor.example", "Dev B", "dev"),
    ("auditor@kontor.example", "Auditor A", "auditor"),
    ("admin@kontor.example", "Admin A", "admin"),
)


def is_new(settings: Settings) -> bool:
    """Whether the sandbox was not yet laid into this data folder's database."""
    return not _file(settings).exists()


def require_one_world(settings: Settings) -> None:
    """Raises Conflict when the data folder holds the sandbox but a real account is configured: they never mix."""
    if not settings.uses_sandbox and not is_new(settings):
        raise Conflict(
            f"{settings.data_dir} holds the sandbox, whose people and figures are invented. "
            "Give the real account a folder of its own: KONTOR_DATA_DIR=…"
        )


def note_people(settings: Settings) -> None:
    """Writes down who may sign in, for the sign-in page; done last, so it also says that the sandbox is complete."""
    people = [{"name": name, "email": email, "role": role, "password": PASSWORD} for email, name, role in PEOPLE]
    file = _file(settings)
    file.touch(mode=0o600)
    file.write_text(json.dumps(people))


def people(settings: Settings) -> list[dict[str, str]]:
    """Who may sign in, with name, email, role and password, as it was laid down; nobody before that."""
    return [] if is_new(settings) else json.loads(_file(settings).read_text())


def letters_address(settings: Settings) -> str:
    """Where a browser reads the mail and chat that the sandbox caught; known once its server has started."""
    connection = json.loads((settings.data_dir / "sandbox" / "connection.json").read_text())
    return f"{connection['api_base']}/sandbox/mails"


def _file(settings: Settings) -> Path:
    return settings.data_dir / "sandbox" / "demo_users.json"
