"""The navigation by job. An entry shows when its page exists and the reader may open it."""

from __future__ import annotations

from dataclasses import dataclass

from console import routes


@dataclass(frozen=True)
class Entry:
    """One line: where it leads, its icon and text, and the letter after G that opens it."""

    route: str
    icon: str
    text: str
    letter: str = ""


@dataclass(frozen=True)
class Group:
    text: str
    entries: tuple[Entry, ...]


NAVIGATION = (
    Group("", (Entry(routes.OVERVIEW, "layout-dashboard", "shell.overview", "o"),)),
    Group(
        "shell.money",
        (
            Entry(routes.PAYMENTS, "credit-card", "shell.payments", "p"),
            Entry(routes.PAYOUTS, "landmark", "shell.payouts", "t"),
            Entry(routes.CUSTOMERS, "users", "shell.customers", "k"),
            Entry(routes.DUNNING, "mail-warning", "shell.dunning", "d"),
        ),
    ),
    Group(
        "shell.reconcile",
        (
            Entry(routes.RECONCILIATION, "scale", "shell.reconciliation", "s"),
            Entry(routes.BREAKS, "unlink", "shell.breaks", "b"),
            Entry(routes.RECONCILIATION_MONTH, "list-checks", "shell.month", "n"),
            Entry(routes.RECONCILIATION_DRIFT, "arrow-up-right", "shell.drift", "f"),
            Entry(routes.RECONCILIATION_PERIODS, "calendar-check", "shell.periods", "z"),
            Entry(routes.IMPORTS, "file-input", "shell.imports", "i"),
        ),
    ),
    Group("shell.change", (Entry(routes.BACKFILLS, "database", "shell.backfills", "h"),)),
    Group(
        "shell.platform",
        (
            Entry(routes.RUNS, "timer", "shell.runs", "r"),
            Entry(routes.SCHEDULES, "calendar-days", "shell.schedules", "c"),
            Entry(routes.DEAD_LETTERS, "inbox", "shell.dead_letters", "l"),
            Entry(routes.LETTERS, "mail", "shell.letters", "m"),
        ),
    ),
    Group(
        "shell.trust",
        (
            Entry(routes.APPROVALS, "stamp", "shell.approvals", "v"),
            Entry(routes.AUDIT, "scroll-text", "shell.audit", "a"),
            Entry(routes.ACCESS, "key-round", "shell.access", "u"),
            Entry(routes.SETUP, "wrench", "shell.setup", "e"),
        ),
    ),
)


def entries() -> list[Entry]:
    return [entry for group in NAVIGATION for entry in group.entries]


def above(route: str) -> str:
    """The entry a page belongs to: the one at its address or nearest above it ("" for none)."""
    return max((entry.route for entry in entries() if f"{route}/".startswith(f"{entry.route}/")), key=len, default="")
