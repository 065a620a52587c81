"""Settings in groups, read from the environment (`KONTOR_…`, nested by `__`). Readable only at the edge."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from services.core.errors import Invalid

THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
"""What a name says that never leaves the machine."""


class WebSettings(BaseModel):
    """Where the console listens. `public_url` is what a browser types; https turns on HSTS and `__Host-` cookies."""

    host: str = "127.0.0.1"
    public_url: str | None = None
    session_idle_minutes: int = Field(default=60, ge=5)
    session_absolute_hours: int = Field(default=12, ge=1)


class DatabaseSettings(BaseModel):
    """Sizes of the embedded server and of each process's pool; the URLs are `DATABASE_URL` and, for migrations alone,
    `DATABASE_OWNER_URL`. Unless it is said, the server keeps pages in a quarter of the memory there is."""

    pool_size: int = Field(default=5, ge=1, le=100)
    shared_buffers_mb: int | None = Field(default=None, ge=16)


class StripeAccountSettings(BaseModel):
    """One Stripe account of a legal entity. The key needs read rights on the objects named in the set-up page."""

    api_key: SecretStr
    webhook_secret: SecretStr | None = None


class StripeSettings(BaseModel):
    """`accounts` maps a legal entity's code to its account; `api_base` other than Stripe's is the sandbox."""

    accounts: dict[str, StripeAccountSettings] = {}
    api_base: str | None = None


class MailSettings(BaseModel):
    """The SMTP server letters go through. Without `host` none is sent, except to the sandbox's catcher."""

    host: str | None = None
    port: int = Field(default=587, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = None
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = "Kontor <kontor@localhost>"


class ChatSettings(BaseModel):
    """Incoming webhooks by channel name: `KONTOR_CHAT__WEBHOOKS={"approvals": "https://…"}`."""

    webhooks: dict[str, SecretStr] = {}


class PasswordSettings(BaseModel):
    """Whether chosen passwords are looked up among breached ones (five characters of a hash leave), and where."""

    breach_check: bool = True
    breach_address: str = "https://api.pwnedpasswords.com/range/"


class FilesSettings(BaseModel):
    """`scanner` is a virus scanner's `host:port` (clamd's protocol) that looks at each file before it is kept as
    evidence."""

    scanner: str | None = Field(default=None, pattern=r"^[^/\s]+:\d{1,5}$")


class OpenIdSettings(BaseModel):
    """Single sign-on at one OpenID provider; off without `issuer`.

    `issuer` is written exactly as the provider's description has it. `group_roles` gives roles by the provider's
    groups (`{"kontor-finance": "finance"}`); with `create` somebody unknown who is in such a group gets an account.
    With `strengths` the provider is asked for one of these values of `acr`, and a token without one is refused.
    """

    issuer: str | None = None
    client_id: str = ""
    client_secret: SecretStr | None = None
    groups_claim: str = "groups"
    group_roles: dict[str, str] = {}
    create: bool = False
    strengths: list[str] = []


class KeyringSettings(BaseModel):
    """Keys for secrets at rest (id → 32 bytes in base64) and which is active; needed with several machines.

    Left out, keys are made in the data folder. Every id a stored secret names has to stay until `kontor keys rotate`.
    """

    keys: dict[str, SecretStr] = {}
    active: str | None = None


class BooksSettings(BaseModel):
    """`databases` maps a name to the address of a PostgreSQL that a ledger is read from; give it a role that may
    only read."""

    databases: dict[str, SecretStr] = {}


class BackfillTargetSettings(BaseModel):
    """A database that backfills may change: its address with a role of its own, how long a statement and a wait for a
    lock may take in a batch (which ends as a whole after 15 s), and how long a dry run or a verification."""

    dsn: SecretStr
    statement_seconds: float = Field(default=10.0, gt=0, le=15)
    lock_seconds: float = Field(default=3.0, gt=0)
    measuring_seconds: float = Field(default=900.0, gt=0)


class BackfillSettings(BaseModel):
    """`targets` maps the name that a definition gives (`database`) to where that is:
    `KONTOR_BACKFILLS__TARGETS='{"shop": {"dsn": "postgresql://…"}}'`."""

    targets: dict[str, BackfillTargetSettings] = {}


class AuditSettings(BaseModel):
    """Where the audit log's signing keys lie, and which places outside the database receive its checkpoints.

    Without a folder both lie in the data folder; name one on another disk. `sink_webhooks_private` admits receivers
    in one's own network.
    """

    key_dir: Path | None = None
    sink_folders: list[Path] = []
    sink_webhooks: list[SecretStr] = []
    sink_webhooks_private: bool = False


class LexwareSettings(BaseModel):
    """The key of one organisation at Lexware Office."""

    api_key: SecretStr


class BookkeepingSettings(BaseModel):
    """`lexware` maps a legal entity's code to its key; `lexware_public_key` (PEM, published by Lexware) verifies the
    events it sends to `/hooks/lexware/<entity code>`."""

    lexware: dict[str, LexwareSettings] = {}
    lexware_api_base: str = "https://api.lexware.io"
    lexware_public_key: str | None = None


class WorkerSettings(BaseModel):
    """Runs a worker executes side by side, and how long a lease lasts without a heartbeat, in seconds."""

    concurrency: int = Field(default=4, ge=1, le=64)
    lease_seconds: float = Field(default=10.0, gt=0)


class _Files(EnvSettingsSource):
    """Variables as files of the folder `KONTOR_SECRETS_DIR`, as a vault's agent and an orchestrator put them there."""

    def _load_env_vars(self) -> dict[str, str | None]:
        folder = os.environ.get("KONTOR_SECRETS_DIR")
        files = Path(folder).iterdir() if folder else ()
        return {file.name.lower(): file.read_text().strip() for file in files if file.is_file()}


class Settings(BaseSettings):
    """Everything the console can be told from outside. A secret has no default."""

    model_config = SettingsConfigDict(env_prefix="KONTOR_", env_nested_delimiter="__", extra="ignore")

    port: int = Field(default=8400, ge=1, le=65535)
    data_dir: Path = Path(".kontor")
    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    database_owner_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_OWNER_URL")
    redis_url: SecretStr | None = Field(default=None, validation_alias="REDIS_URL")
    log_level: str = "info"
    secrets_dir: Path | None = None
    sandbox: bool | None = None
    web: WebSettings = WebSettings()
    database: DatabaseSettings = DatabaseSettings()
    stripe: StripeSettings = StripeSettings()
    keyring: KeyringSettings = KeyringSettings()
    passwords: PasswordSettings = PasswordSettings()
    files: FilesSettings = FilesSettings()
    openid: OpenIdSettings = OpenIdSettings()
    worker: WorkerSettings = WorkerSettings()
    books: BooksSettings = BooksSettings()
    backfills: BackfillSettings = BackfillSettings()
    audit: AuditSettings = AuditSettings()
    bookkeeping: BookkeepingSettings = BookkeepingSettings()
    mail: MailSettings = MailSettings()
    chat: ChatSettings = ChatSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the environment says counts before what a file does."""
        return init_settings, env_settings, dotenv_settings, file_secret_settings, _Files(settings_cls)

    @property
    def uses_sandbox(self) -> bool:
        """The sandbox serves Stripe unless it was switched off or a real account is configured."""
        return not self.stripe.accounts if self.sandbox is None else self.sandbox

    @property
    def public_url(self) -> str:
        return self.web.public_url or f"http://localhost:{self.port}"

    @property
    def answers_in_the_clear(self) -> bool:
        """Whether passwords would travel a network without TLS: listens beyond this machine, and no https in front."""
        beyond = self.web.host not in THIS_MACHINE
        return beyond and not self.public_url.startswith("https://")

    @property
    def shares_state_in_the_clear(self) -> bool:
        """Whether what pages show would travel a network without TLS: the Redis of another machine, by `redis://`."""
        address = urlsplit(self.redis_url.get_secret_value() if self.redis_url else "")
        return address.scheme == "redis" and address.hostname not in THIS_MACHINE


def load_settings() -> Settings:
    """Reads the environment. Raises Invalid with one line that names each wrong variable and what it takes.

    Outside the sandbox nothing starts that would answer other machines without TLS, and nowhere what would share the
    state of pages without it.
    """
    try:
        settings = Settings()
    except OSError as error:
        raise Invalid(f"The configuration cannot be used. KONTOR_SECRETS_DIR: {error.strerror}.") from error
    except ValidationError as error:
        wrong = "; ".join(f"{_variable(item['loc'])}: {item['msg']}" for item in error.errors())
        raise Invalid(f"The configuration cannot be used. {wrong}.") from error
    if settings.shares_state_in_the_clear:
        raise Invalid(
            "The configuration cannot be used. REDIS_URL: another machine is reached by TLS; write rediss://."
        )
    if settings.answers_in_the_clear and not settings.uses_sandbox:
        raise Invalid(
            "The configuration cannot be used. KONTOR_WEB__PUBLIC_URL: has to be the https address in front of this "
            "console, which listens beyond this machine; or leave KONTOR_WEB__HOST at 127.0.0.1."
        )
    return settings.model_copy(update={"data_dir": settings.data_dir.expanduser().resolve()})


def _variable(location: tuple[int | str, ...]) -> str:
    name = "__".join(str(part) for part in location).upper()
    return name if name in {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"} else f"KONTOR_{name}"
