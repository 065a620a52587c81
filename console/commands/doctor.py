"""`kontor doctor`: what is right and wrong with an installation, in plain words."""

from __future__ import annotations

import datetime as dt
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import typer

from console.commands.support import FAILED, AsJson, answer, quiet
from services import runs
from services.bootstrap import Application, bootstrap
from services.core import migrate
from services.core.actor import Actor
from services.core.database_address import database_url, embedded_server
from services.core.errors import DomainError
from services.core.settings import Settings, load_settings

_ACTOR = Actor.system("doctor")
_OLDEST_DATABASE = 18
_SKEW_LIMIT = dt.timedelta(seconds=2)
_DISK_WARNING, _DISK_LIMIT = 5 << 30, 1 << 30


class Verdict(StrEnum):
    OK = "ok"
    LOOK = "look"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `sentence` says what is so and, if something is wrong, what to do."""

    name: str
    verdict: Verdict
    sentence: str


Findings = Iterator[Finding]
_MARKS = {Verdict.OK: "ok   ", Verdict.LOOK: "look ", Verdict.WRONG: "WRONG"}


def doctor(as_json: AsJson = False) -> None:
    """Say what is right and wrong with this installation; status 1 when something is wrong.

    \b
    Examples:
      kontor doctor
      kontor doctor --json
    """
    findings = examine(quiet(load_settings()))
    healthy = not any(finding.verdict is Verdict.WRONG for finding in findings)
    lines = [f"{_MARKS[f.verdict]}  {f.name:<11} {f.sentence}" for f in findings]
    answer({"healthy": healthy, "findings": findings}, "\n".join(lines), as_json=as_json)
    if not healthy:
        raise typer.Exit(FAILED)


def examine(settings: Settings) -> list[Finding]:
    """Everything that can be told without changing anything; nothing is started."""
    findings = [*_around(settings)]
    app = _application(settings)
    if isinstance(app, Finding):
        return [app, *findings]
    try:
        checks = (_database, _role, _schema, _stripe)
        return [*(finding for check in checks for finding in _guarded(check, app)), *findings]
    finally:
        app.close()


def _guarded(check: Callable[[Application], Findings], app: Application) -> Findings:
    try:
        yield from check(app)
    except DomainError as error:
        yield Finding(check.__name__.strip("_"), Verdict.WRONG, error.sentence)


def _application(settings: Settings) -> Application | Finding:
    server = embedded_server(settings)
    if server is not None and not server.data.exists():
        return Finding(
            "database", Verdict.WRONG, f"There is no database in {settings.data_dir} yet. Start it with `kontor up`."
        )
    if server is not None and server.postmaster() is None:
        return Finding("database", Verdict.WRONG, "The embedded PostgreSQL does not run. Start it with `kontor up`.")
    try:
        return bootstrap("doctor", settings)
    except DomainError as error:
        return Finding("database", Verdict.WRONG, error.sentence)


def _database(app: Application) -> Findings:
    with app.database.unit_of_work(_ACTOR) as uow:
        row = uow.driver.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'), clock_timestamp()"
        ).fetchone()
    number, version, instant = row
    if number // 10_000 < _OLDEST_DATABASE:
        sentence = f"PostgreSQL {version} answers, but Kontor needs {_OLDEST_DATABASE} or newer."
        yield Finding("database", Verdict.WRONG, sentence)
    else:
        where = "embedded" if app.settings.database_url is None else "server"
        yield Finding("database", Verdict.OK, f"PostgreSQL {version} answers ({where}).")
    skew = abs(dt.datetime.now(dt.UTC) - instant)
    if skew > _SKEW_LIMIT:
        sentence = f"This machine and the database differ by {skew.total_seconds():.0f} s. Set both clocks by NTP."
        yield Finding("time", Verdict.WRONG, sentence)
    else:
        yield Finding("time", Verdict.OK, f"In step with the database ({skew.total_seconds() * 1000:.0f} ms apart).")


def _role(app: Application) -> Findings:
    """Whether the database can refuse the application a change of the audit log."""
    with app.database.unit_of_work(_ACTOR) as uow:
        row = uow.driver.execute(
            "SELECT current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user), coalesce(("
            "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class"
            " WHERE oid = to_regclass('audit_entry')), false)"
        ).fetchone()
    name, is_super, owns = row
    if is_super or owns:
        known_as = "a superuser" if is_super else "the owner of the audit log"
        sentence = (
            f"The application connects as “{name}”, {known_as}, so the database cannot refuse it anything. "
            "Give DATABASE_URL a login that is only a member of kontor_app, and DATABASE_OWNER_URL to migrations."
        )
        yield Finding("role", Verdict.LOOK if app.settings.uses_sandbox else Verdict.WRONG, sentence)
    else:
        yield Finding(
            "role", Verdict.OK, f"The application connects as “{name}”, which owns no table of the audit log."
        )


def _schema(app: Application) -> Findings:
    current, newest = migrate.current_revision(database_url(app.settings)), migrate.head_revision()
    if current == newest:
        yield Finding("migrations", Verdict.OK, f"The schema is at {newest}.")
        yield from _processes(app)
    else:
        sentence = f"The schema is at {current or 'nothing'}, the code wants {newest}. Run `kontor migrate`."
        yield Finding("migrations", Verdict.WRONG, sentence)


def _processes(app: Application) -> Findings:
    with app.database.unit_of_work(_ACTOR) as uow:
        seen = runs.workers_seen(uow)
    for name, count, missing in (
        ("worker", seen.workers, "Nothing will be done until one runs: `kontor up`, or `kontor worker`."),
        ("clock", seen.clocks, "No schedule will fire until one runs: `kontor up`, or `kontor clock`."),
    ):
        if count:
            yield Finding(name, Verdict.OK, f"{count} running.")
        else:
            yield Finding(name, Verdict.WRONG, f"None was seen. {missing}")


def _stripe(app: Application) -> Findings:
    if app.settings.uses_sandbox:
        yield Finding("world", Verdict.LOOK, "This is the sandbox: people and figures are invented.")
    codes = app.stripe.codes()
    if not codes:
        sentence = "No key is set. Set KONTOR_STRIPE__ACCOUNTS, as the set-up page says."
        yield Finding("stripe", Verdict.LOOK, sentence)
    for code in codes:
        try:
            access = app.stripe.account(code).check_access()
        except DomainError as error:
            yield Finding("stripe", Verdict.WRONG, error.sentence)
            continue
        if access.missing:
            sentence = f"The key of “{code}” lacks the read rights {', '.join(access.missing)}."
            yield Finding("stripe", Verdict.WRONG, sentence)
        else:
            mode = "live" if access.live else "test"
            yield Finding("stripe", Verdict.OK, f"“{code}” answers in {mode} mode with every right a sync needs.")


def _around(settings: Settings) -> Findings:
    yield _bundle()
    yield _disk(settings.data_dir)
    yield _secrets(settings)


def _bundle() -> Finding:
    from console.kit import serving  # noqa: PLC0415 - the pages' toolchain, which no other command needs

    if serving.is_built():
        return Finding("pages", Verdict.OK, "The bundle is built from these sources.")
    return Finding("pages", Verdict.LOOK, "The bundle is not built yet; the next start of the pages builds it.")


def _disk(folder: Path) -> Finding:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    sentence = f"{free / (1 << 30):.1f} GB free at {folder}."
    if free < _DISK_LIMIT:
        return Finding("disk", Verdict.WRONG, f"Only {sentence} PostgreSQL stops when it is full; make room.")
    return Finding("disk", Verdict.LOOK if free < _DISK_WARNING else Verdict.OK, sentence)


def _secrets(settings: Settings) -> Finding:
    """Files with a secret in them, which nobody but their owner may read."""
    postgres = settings.data_dir / "postgres"
    kept = [postgres / "password", postgres / "application_password", settings.data_dir / "sandbox" / "connection.json"]
    open_to_others = [
        str(path) for path in kept if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    if open_to_others:
        return Finding("secrets", Verdict.WRONG, f"Others can read {', '.join(open_to_others)}. Run chmod 600 on it.")
    if settings.answers_in_the_clear:
        sentence = "Passwords travel in the clear: set KONTOR_WEB__PUBLIC_URL to the https address in front of this."
        return Finding("secrets", Verdict.LOOK, sentence)
    return Finding("secrets", Verdict.OK, "Kept in files that only their owner reads.")
