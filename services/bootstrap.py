"""Everything is wired here, visibly: settings, logging, engine, subscriptions. Every process calls `bootstrap`."""

from __future__ import annotations

import datetime as dt
import importlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel

from services import approvals, audit, backfills, bank, books, notifications, payments, reconciliation, runs
from services.core.clock import Clock
from services.core.database_address import database_url
from services.core.db import Base, Database, UnitOfWork
from services.core.events import Handler, subscribe
from services.core.keyring import GivenKeys, KeyFolder, Keyring
from services.core.log import configure_logging
from services.core.permissions import Permission
from services.core.rate_limits import RateLimits
from services.core.settings import Settings, load_settings
from services.integrations.breached_passwords import BreachedPasswords
from services.integrations.openid import OpenIdProvider
from services.integrations.stripe_gateway import StripeGateway
from services.integrations.virus_scanner import VirusScanner

# Modules with tables, so that metadata is complete before a migration is compared or a foreign key resolved.
MODELS = [
    "services.core.events",
    "services.core.idempotency",
    "services.audit.models",
    "services.notifications.models",
    "services.core.rate_limits",
    "services.identity.models",
    "services.identity.models_proof",
    "services.runs.models",
    "services.approvals.models",
    "services.bank.models",
    "services.books.models",
    "services.payments.models",
    "services.reconciliation.models",
    "services.reconciliation.models_desk",
    "services.reconciliation.models_match",
    "services.reconciliation.models_period",
    "services.reconciliation.models_rolled",
    "services.reconciliation.models_rules",
    "services.backfills.models",
    "services.backfills.models_calendar",
]


@dataclass(frozen=True)
class ScheduleDefault:
    """A schedule laid down once, under a code that stays."""

    code: str
    kind: runs.RunKind
    params: BaseModel
    rule: runs.Rule
    catch_up: runs.CatchUp = runs.CatchUp.LAST


# Audit stands below runs, so its kind is made here.
AUDIT_VERIFY = runs.RunKind("audit.verify", audit.VerifyParams, Permission.AUDIT_VERIFY)

# Every kind of run there is; the bodies stand in jobs/<domain>.py.
KINDS: list[runs.RunKind] = [
    AUDIT_VERIFY,
    bank.IMPORT,
    bank.SCAN,
    books.IMPORT,
    books.PULL,
    books.REFRESH,
    books.SYNC_VOUCHERS,
    payments.SYNC,
    payments.CHECK,
    payments.APPLY_EVENTS,
    reconciliation.RUN,
    reconciliation.NIGHTLY,
    reconciliation.BACKTEST,
    reconciliation.REPORT,
    backfills.DRY_RUN,
    backfills.EXECUTE,
    backfills.VERIFY,
    backfills.ROLL_BACK,
]

# What needs other eyes, and who acts once they have agreed.
APPROVALS: list[approvals.ApprovalKind] = [
    approvals.POLICY_CHANGE,
    approvals.RIGHTS,
    *reconciliation.APPROVAL_KINDS,
    *backfills.KINDS,
]
ON_APPROVAL: list[Handler] = [
    approvals.apply_policy_change,
    approvals.change_rights,
    reconciliation.act_on_approval,
    backfills.on_approved,
]

# What starts by itself on a new installation; people edit it later on the Schedules page.
SCHEDULES: list[ScheduleDefault] = [
    ScheduleDefault("files.scan", bank.SCAN, bank.ScanParams(), runs.Rule("UTC", every_seconds=300)),
    ScheduleDefault(
        "books.refresh", books.REFRESH, books.RefreshParams(), runs.Rule("Europe/Berlin", daily_at=dt.time(3, 45))
    ),
    ScheduleDefault(
        reconciliation.NIGHTLY_SCHEDULE,
        reconciliation.NIGHTLY,
        reconciliation.NightlyParams(),
        runs.Rule("Europe/Berlin", daily_at=dt.time(4, 30)),
    ),
    ScheduleDefault(
        "audit.verify", AUDIT_VERIFY, audit.VerifyParams(), runs.Rule("Europe/Berlin", daily_at=dt.time(3, 15))
    ),
]

# Who acts when something happens elsewhere, in the transaction of what happened.
SUBSCRIPTIONS: list[tuple[str, Handler]] = [
    (bank.PATTERN_CHANGED, reconciliation.retake_bank),
    ("approvals.request_rejected", reconciliation.drop_proposal),
    ("approvals.request_withdrawn", reconciliation.drop_proposal),
    ("approvals.request_expired", reconciliation.drop_proposal),
    ("approvals.request_rejected", backfills.on_refused),
    ("approvals.request_withdrawn", backfills.on_refused),
    ("approvals.request_expired", backfills.on_refused),
    ("run.died", backfills.on_run_died),
]


@dataclass(frozen=True)
class Application:
    """What a process needs from the start: its settings, the database, and the way to Stripe."""

    settings: Settings
    database: Database
    stripe: StripeGateway

    @cached_property
    def breaches(self) -> BreachedPasswords:
        """Asks whether a password is known from a breach."""
        passwords = self.settings.passwords
        return BreachedPasswords(passwords.breach_address if passwords.breach_check else None)

    @cached_property
    def scanner(self) -> VirusScanner:
        """Looks at files before they are kept."""
        return VirusScanner(self.settings.files.scanner)

    @cached_property
    def openid(self) -> OpenIdProvider | None:
        """The organisation's provider, None without single sign-on."""
        given = self.settings.openid
        if given.issuer is None:
            return None
        secret = given.client_secret.get_secret_value() if given.client_secret else None
        return OpenIdProvider(given.issuer, given.client_id, secret, given.groups_claim, given.strengths)

    @cached_property
    def rate_limits(self) -> RateLimits:
        """How often an address may ask, counted over all web processes."""
        return RateLimits(self.database)

    @property
    def post(self) -> notifications.PostOffice:
        """The ways out by mail and chat."""
        return notifications.PostOffice.of(self.settings)

    def close(self) -> None:
        self.database.dispose()


def load_models() -> type[Base]:
    for module in MODELS:
        importlib.import_module(module)
    return Base


def clock_of(settings: Settings) -> Clock:
    return Clock(sandbox_clock_file(settings.data_dir)) if settings.uses_sandbox else Clock()


def keyring_of(settings: Settings) -> Keyring:
    """The keys named in the settings, else those in the data folder, made when first needed."""
    given = {key_id: key.get_secret_value() for key_id, key in settings.keyring.keys.items()}
    return Keyring(GivenKeys(given, settings.keyring.active or "") if given else KeyFolder(settings.data_dir / "keys"))


def audit_keys(settings: Settings) -> audit.KeyStore:
    """The keys that sign the audit log's checkpoints: in the folder named in the settings, else in the data folder."""
    return audit.KeyStore(settings.audit.key_dir or settings.data_dir / "audit" / "keys")


def sandbox_clock_file(data_dir: Path) -> Path:
    return data_dir / "sandbox" / "clock.json"


def bootstrap(process: str, settings: Settings | None = None) -> Application:
    """Settings checked, logging on, models and subscriptions loaded, an engine ready (no connection yet)."""
    settings = settings or load_settings()
    configure_logging(settings.log_level, process=process)
    load_models()
    wire()
    backfills.know_targets(target_addresses(settings))
    database = Database(
        database_url(settings),
        clock=clock_of(settings),
        keyring=keyring_of(settings),
        pool_size=settings.database.pool_size,
        application_name=f"kontor {process}",
    )
    return Application(settings, database, StripeGateway.of(settings))


def target_addresses(settings: Settings) -> dict[str, backfills.TargetAddress]:
    """The databases that backfills may change besides our own."""
    return {
        name: backfills.TargetAddress(
            one.dsn.get_secret_value(), one.statement_seconds, one.lock_seconds, one.measuring_seconds
        )
        for name, one in settings.backfills.targets.items()
    }


def wire() -> None:
    """Makes every kind known and lets handlers hear what they wait for; doing it again changes nothing."""
    for kind in KINDS:
        runs.declare(kind)
    for definition in backfills.DEFINITIONS:
        backfills.register(definition)
    for asked in APPROVALS:
        approvals.declare(asked)
    for handler in ON_APPROVAL:
        subscribe("approvals.request_approved", handler)
    for name, handler in SUBSCRIPTIONS:
        subscribe(name, handler)


def install_schedules(uow: UnitOfWork) -> None:
    """Lays down the schedules that are not there yet; a known one stays as people left it."""
    for default in SCHEDULES:
        runs.install_schedule(
            uow,
            code=default.code,
            kind=default.kind,
            params=default.params,
            rule=default.rule,
            catch_up=default.catch_up,
        )
