"""The answer to an upload that its handler refused."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from console.http_api.app import api
from console.kit.uploads import WholeUploads
from services.core.errors import Invalid


def _refusing(*, begun: bool) -> Any:
    """What Reflex does: a stream that is begun before the handler has run."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"{}\n", "more_body": True})
        raise Invalid("rubbish.zip is not what its name says; nothing was taken.")

    return app


def test_a_refused_file_is_an_answer_that_ends():
    answer = TestClient(WholeUploads(_refusing(begun=True))).post("/_upload")
    assert (answer.status_code, answer.text) == (200, "{}\n")


def test_what_fails_before_the_answer_began_goes_on_as_an_error():
    with pytest.raises(Invalid):
        TestClient(WholeUploads(_refusing(begun=False))).post("/_upload")


def test_other_streams_break_off_when_they_fail():
    with pytest.raises(Invalid):
        TestClient(WholeUploads(_refusing(begun=True))).get("/export/audit.csv")


def test_the_console_has_it():
    from console.console import app

    transformers = app.api_transformer
    assert isinstance(transformers, (list, tuple))
    assert WholeUploads in transformers
    assert list(transformers).index(WholeUploads) < list(transformers).index(api)
