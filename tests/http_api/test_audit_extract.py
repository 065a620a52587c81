"""The log with its proofs over HTTP, and how it stands for Prometheus."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console.http_api.app import api
from console.http_api.audit_figures import audit_figures
from console.kit import application
from console.kit.session import COOKIE
from services import audit
from services.audit import standalone
from services.bootstrap import audit_keys
from services.core.actor import Actor
from services.identity import Role
from tests.console.conftest import web  # noqa: F401
from tests.console.events import open_session

ACTOR = Actor.system("test")


@pytest.fixture
def client(web) -> TestClient:  # noqa: F811
    return TestClient(api, base_url="http://localhost", follow_redirects=False)


def _seal() -> None:
    app = application.current()
    with app.database.unit_of_work(ACTOR) as uow:
        audit.Sealer().step(uow)
        audit.sign_head(uow, keys=audit_keys(app.settings))


def test_an_auditor_takes_an_extract_that_checks_itself(client: TestClient, web, tmp_path: Path):  # noqa: F811
    secret = open_session(web, Role.AUDITOR)
    _seal()
    answer = client.get("/audit/extract.zip?action=identity", cookies={COOKIE: secret})
    assert answer.status_code == 200
    place = tmp_path / "extract.zip"
    place.write_bytes(answer.content)
    told = standalone.check(place)
    assert told["holds"], told
    assert told["entries"] > 0
    assert "verify.py" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    with web.database.unit_of_work(ACTOR) as uow:
        assert audit.search(uow, filter=audit.AuditFilter(action="audit.extract.taken")).entries


def test_without_the_right_nothing_is_taken(client: TestClient, web):  # noqa: F811
    secret = open_session(web, Role.DEV)
    assert client.get("/audit/extract.zip", cookies={COOKIE: secret}).status_code == 403
    assert client.get("/audit/extract.zip").status_code in (401, 403)


def test_figures_for_prometheus(web):  # noqa: F811
    with web.database.unit_of_work(ACTOR) as uow:
        names = {name for name, *_ in audit_figures(uow)}
    assert "kontor_audit_unsealed_entries" in names
