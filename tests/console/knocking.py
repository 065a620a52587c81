"""Knocking at a door for somebody: what came of it, and what it left behind."""

from __future__ import annotations

import inspect
import uuid
from typing import Any

from starlette.testclient import TestClient

from console.http_api.app import api
from console.kit.gate import Gate
from console.kit.session import COOKIE
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.errors import Forbidden, StepUpRequired
from tests.console import doors
from tests.console.doors import Door
from tests.console.events import Tab
from tests.console.foreign import Foreign
from tests.console.matrix import INSIDE, NO, OPEN, YES
from tests.console.subjects import Caller

_SYSTEM = Actor.system("test")
_FORMS = ("form", "files", "points", "data")
_ORIGIN = "http://localhost"
_TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' "
    "AND table_name NOT LIKE 'audit%%' AND table_name NOT IN ('rate_window', 'user_session', 'api_key') ORDER BY 1"
)
_ARRIVE = next(door.target.full_name for door in doors.events() if door.name.endswith("shell.arrive"))
# That a session or a key was used is noted; everything else of them stays.
_USED = "md5(coalesce(string_agg((to_jsonb(t) - 'last_seen_at' - 'last_used_at' - 'last_address')::text, '|'), ''))"


def contents(web: Application) -> dict[str, tuple[int, str]]:
    """Rows of every table and the transactions that wrote them, without the audit log and the counts of requests."""
    with web.database.unit_of_work(_SYSTEM) as uow:
        found = [name for (name,) in uow.driver.execute(_TABLES).fetchall()]
        marks = dict.fromkeys(found, "md5(coalesce(string_agg(t.xmin::text, '|' ORDER BY t.ctid), ''))")
        marks |= {"user_session": _USED, "api_key": _USED}
        return {
            table: uow.driver.execute(f"SELECT count(*), {mark} FROM {table} t").fetchone()
            for table, mark in marks.items()
        }


def refusals(web: Application) -> tuple[int, int]:
    """Audit rows about refusals, and all other rows."""
    with web.database.unit_of_work(_SYSTEM) as uow:
        return uow.driver.execute(
            "SELECT count(*) FILTER (WHERE action ~ '^identity.(event|route).refused$'), "
            "count(*) FILTER (WHERE action !~ '^identity.(event|route).refused$') FROM audit_entry"
        ).fetchone()


def refused_events(web: Application) -> set[str]:
    """Full names of the handlers that the door refused to somebody who is signed in."""
    with web.database.unit_of_work(_SYSTEM) as uow:
        rows = uow.driver.execute("SELECT subject_id FROM audit_entry WHERE action = 'identity.event.refused'")
        return {name for (name,) in rows.fetchall()}


async def knock_by_event(tab: Tab, door: Door, foreign: Foreign) -> str:
    """Calls the handler as a browser would. An error that is no refusal means that it was let in.

    What the door refused stands in the audit log (`refused_events`); a notice may speak of something before.
    """
    try:
        changed = await tab.send(door.target.full_name, **_payload(door, foreign))
    except StepUpRequired:
        return YES
    except Forbidden:
        return INSIDE
    except Exception:
        return YES
    return NO if changed.get("session_state.signed_out") else YES


async def knock_at_page(tab: Tab, door: Door, foreign: Foreign, frame: dict[str, Any]) -> str:
    """Opens the page as its frame does: the state behind loads only when the reader may. `frame` is what it shows."""
    tab.route, tab.path = door.target.route, foreign.at(door.target.route)
    changed = await tab.send(_ARRIVE)
    if changed.get("session_state.signed_out"):
        return NO
    frame.update(changed)
    return YES if frame.get("shell.allowed", True) else NO


def knock_over_http(door: Door, caller: Caller, foreign: Foreign) -> str:
    """Asks through the gate. An answer that is no refusal means that it was let in; 500 is never one."""
    client = TestClient(Gate(api), base_url=_ORIGIN, follow_redirects=False, raise_server_exceptions=False)
    if caller.secret:
        client.cookies.set(COOKIE, caller.secret, domain="localhost.local")
    headers = {"origin": _ORIGIN} | ({"authorization": f"Bearer {caller.bearer}"} if caller.bearer else {})
    method, address, body = _request(door, foreign)
    answer = client.request(method, address, headers=headers, **body)
    assert answer.status_code != 500, f"{door.line}: {answer.text}"
    public = door.right == doors.PUBLIC
    at_the_door = "You need the right" in answer.text or "Sign in first" in answer.text
    if at_the_door and not public:
        return NO
    let_in = OPEN if public else YES
    return INSIDE if answer.status_code == 403 else let_in


def _request(door: Door, foreign: Foreign) -> tuple[str, str, dict[str, Any]]:
    if door.kind == "export":
        return "GET", door.target, {"params": {"review": str(uuid.uuid4())}}
    method, route = door.target
    address = route.path
    for name in route.param_convertors:
        address = address.replace("{" + name + "}", foreign.ids.get(name, "zz"))
    form = {field.name: _value(field.name, foreign) for field in route.dependant.body_params}
    kinds = {type(field.field_info).__name__ for field in route.dependant.body_params}
    return method, address, {"json": form} if "Body" in kinds else {"data": form}


def _value(name: str, foreign: Foreign) -> str:
    return str(uuid.uuid4()) if name.endswith("_id") else foreign.form().get(name, "x")


def _payload(door: Door, foreign: Foreign) -> dict[str, Any]:
    """An id of a record that exists where the argument's name says which, else one that exists nowhere."""
    names = list(inspect.signature(door.target.fn).parameters)[1:]
    return {name: foreign.form() if name in _FORMS else foreign.ids.get(name, str(uuid.uuid4())) for name in names}
