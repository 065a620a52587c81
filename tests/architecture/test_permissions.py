"""Every public function that takes a unit of work checks a right or a scope, or stands on a list with its reason."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "services"
Functions = dict[str, dict[str, ast.FunctionDef]]  # name → file → definition
_CHECKS = {"require", "require_some", "scope", "reach", "may"}

# domain.function -> why no right is asked for
UNCHECKED = {
    "reconciliation.act_on_approval": "reacts to an approval, whose voters were checked when they voted",
    "reconciliation.drop_proposal": "reacts to the end of a request, which was checked where it ended",
    "reconciliation.retake_bank": "reacts to a changed pattern, which was checked where it was changed",
    "identity.actor_for_session": "finds out who somebody is, before there is anybody to have a right",
    "identity.authenticate": "the way in",
    "identity.contacts": "for services that write letters; the caller decides who learns the names",
    "identity.holders": "for services that ask people for something; the caller decides who learns the names",
    "identity.checked_role": "what a role would become, for services that have checked who changes it",
    "identity.holds_role": "one bit, for services that have checked who gives the role",
    "identity.rights_carried": "for services that ask people to agree; the caller decides who learns the rights",
    "identity.standing_of": "for services that ask people to agree; the caller decides who learns of them",
    "identity.weighty_roles": "names of roles, for services that ask people to agree",
    "identity.who_holds": "for services that ask people to agree; the caller decides who learns of them",
    "identity.teams_of": "for services that ask whose record it is; the codes of roles, to nobody",
    "identity.entity_by_code": "turns a code that the caller already knows into its id, for commands and webhooks",
    "identity.home_zone": "the name of a time zone, for services that count the merchant's days",
    "identity.has_users": "one bit, which tells the sign-in page of an empty console what to say",
    "identity.actor_for_api_key": "finds out whom a key acts for, before there is anybody to have a right",
    "identity.ask_for_reset": "for whoever cannot sign in; it says nothing and writes to the address alone",
    "identity.ended_among": "a web process asks about the sockets it holds",
    "identity.begin_foreign_sign_in": "the way in, through the provider",
    "identity.sign_in_foreign": "the way in, for whom the provider vouches",
    "identity.take_foreign_sign_in": "the way in, by the browser that began it",
    "identity.finish_by_code": "the second half of the way in, for whom the first half named",
    "identity.finish_by_passkey": "the second half of the way in, for whom the first half named",
    "identity.finish_enrolment": "the second half of the way in, for whom the first half named",
    "identity.link_purpose": "what the holder of a link may do with it",
    "identity.passkey_for_sign_in": "the second half of the way in, for whom the first half named",
    "identity.pending_session": "finds out who is half signed in",
    "identity.renew_session": "gives the session whose secret was presented another one",
    "identity.set_password_by_link": "the link is the right",
    "identity.sign_out": "ends the session whose secret was presented",
    "audit.record": "writes what the caller, already checked, has done",
    "approvals.change_rights": "acts on an approval, whose votes were checked",
    "approvals.request": "asks for what the caller, already checked, wants to do",
    "backfills.on_approved": "acts on an approval, whose votes were checked",
    "backfills.on_refused": "follows a request that ended; whoever ended it was checked",
    "backfills.on_run_died": "notes what happened to a run",
    "notifications.send": "says what the caller, already checked, has done",
    "runs.workers_seen": "two counts for the readiness probe, which nobody signs in for",
}


def _domains() -> list[str]:
    apart = {"core", "sandbox", "integrations"}
    return sorted(p.name for p in SERVICES.iterdir() if (p / "__init__.py").exists() and p.name not in apart)


def _functions(domain: str) -> Functions:
    found: Functions = defaultdict(dict)
    for path in sorted((SERVICES / domain).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                found[node.name][path.name] = node
    return found


def _exported(domain: str) -> set[str]:
    tree = ast.parse((SERVICES / domain / "__init__.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def _calls(function: ast.FunctionDef) -> set[str]:
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {call.id if isinstance(call, ast.Name) else getattr(call, "attr", "") for call in calls}


def _checks(name: str, file: str, functions: Functions, seen: frozenset[str] = frozenset()) -> bool:
    """Whether `name`, called from `file`, checks a right itself or by what it calls."""
    if name not in functions or name in seen:
        return False
    where = file if file in functions[name] else next(iter(functions[name]))
    calls = _calls(functions[name][where])
    return bool(calls & _CHECKS) or any(_checks(call, where, functions, seen | {name}) for call in calls)


def _takes_unit_of_work(function: ast.FunctionDef) -> bool:
    return bool(function.args.args) and function.args.args[0].arg == "uow"


def unchecked(domain: str) -> list[str]:
    """Public functions of `domain` on a unit of work that neither check a right nor are excused."""
    functions = _functions(domain)
    public = {
        name: file
        for name in sorted(_exported(domain))
        for file, function in functions.get(name, {}).items()
        if _takes_unit_of_work(function)
    }
    return [
        f"{domain}.{name}"
        for name, file in public.items()
        if f"{domain}.{name}" not in UNCHECKED and not _checks(name, file, functions)
    ]


@pytest.mark.parametrize("domain", _domains())
def test_every_public_function_checks_a_right_or_a_scope(domain: str):
    assert unchecked(domain) == []


def test_no_face_gives_a_say_past_the_approvals():
    """The command line is of whoever has the machine; pages and routes ask `approvals`, which asks somebody else."""
    past = re.compile(r"identity\.(grant_role|reactivate_user|change_role)\b|\bgrants=")
    faces = [path for path in (ROOT / "console").rglob("*.py") if path.parent.name not in {"commands", "supervision"}]
    assert len(faces) > 100
    assert [str(path.relative_to(ROOT)) for path in faces if past.search(path.read_text())] == []


def test_no_excuse_outlives_its_function():
    known = {f"{domain}.{name}" for domain in _domains() for name in _exported(domain)}
    assert set(UNCHECKED) <= known
