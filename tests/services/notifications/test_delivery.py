"""Letters handed over for real: by SMTP to the sandbox's catcher, by HTTP to its chat."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from services.core.settings import ChatSettings, MailSettings, Settings
from services.notifications import Attachment, Channel, Handover, Letter, Outgoing, PostOffice
from services.sandbox.postbox import PostBox, catching_mail
from tests.fakes.serving import served

LETTER = Letter(
    "Bitte prüfen: Ausbuchung über 12,50 €",
    ("Ada <b>Kontor</b> bittet um Freigabe.", "@here https://evil.example"),
    (("Betrag", "12,50 €"),),
    ("Ansehen", "/approvals/7"),
    "de",
)

_ADDRESS = "http://localhost:8407"


def outgoing(recipient: str = "ada@example.com", channel: Channel = Channel.MAIL) -> Outgoing:
    return Outgoing(uuid.uuid4(), channel, recipient, LETTER, 1, dt.datetime.now(dt.UTC))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose sandbox catches mail and chat."""
    folder = tmp_path / "sandbox"
    folder.mkdir()
    with served(PostBox(tmp_path).routes(), catching_mail(tmp_path)) as (base, port):
        post = {"api_base": base, "mail": {"host": "127.0.0.1", "port": port}, "chat": f"{base}/sandbox/chat"}
        (folder / "connection.json").write_text(json.dumps(post))
        yield tmp_path


def _office(data_dir: Path, **changes) -> PostOffice:
    return PostOffice.of(Settings(data_dir=data_dir, sandbox=True, port=8407, **changes))


def test_a_mail_arrives_with_text_and_html_that_cannot_be_forged(world: Path):
    letter = outgoing()
    assert _office(world).hand_over(letter) == (Handover.SENT, None)
    (caught,) = PostBox(world).caught()
    assert (caught.to, caught.subject) == ("ada@example.com", LETTER.subject)
    assert f"Ansehen:\n{_ADDRESS}/approvals/7" in caught.text
    assert "&lt;b&gt;Kontor&lt;/b&gt;" in caught.html
    assert f'href="{_ADDRESS}/approvals/7"' in caught.html


def test_a_chat_message_arrives_and_calls_nobody(world: Path):
    assert _office(world).hand_over(outgoing("#approvals", Channel.CHAT)) == (Handover.SENT, None)
    (caught,) = PostBox(world).caught()
    assert caught.to == "#approvals"
    assert "@here" not in caught.text
    assert "<b>" not in caught.text
    assert caught.text.endswith("/approvals/7")


def test_what_was_caught_is_read_in_the_browser_without_its_scripts(world: Path):
    _office(world).hand_over(outgoing())
    base = json.loads((world / "sandbox" / "connection.json").read_text())["api_base"]
    (caught,) = httpx.get(f"{base}/sandbox/mails.json").json()
    assert caught["subject"] in httpx.get(f"{base}/sandbox/mails").text
    shown = httpx.get(f"{base}/sandbox/mails/{caught['id']}").text
    assert "<iframe sandbox=" in shown
    assert "allow-scripts" not in shown
    assert httpx.get(f"{base}/sandbox/mails/none").status_code == 404


def test_files_arrive_and_leave_the_mailbox_only_as_downloads(world: Path):
    files = (Attachment("report.pdf", "application/pdf", b"%PDF-1.7 it"), Attachment("a.xlsx", "text/html", b"<b>"))
    _office(world).hand_over(replace(outgoing(), attachments=files))
    base = json.loads((world / "sandbox" / "connection.json").read_text())["api_base"]
    (caught,) = httpx.get(f"{base}/sandbox/mails.json").json()
    shown = httpx.get(f"{base}/sandbox/mails/{caught['id']}").text
    assert "report.pdf" in shown
    assert "Ansehen" in caught["text"]
    for place, file in enumerate(files):
        got = httpx.get(f"{base}/sandbox/mails/{caught['id']}/{place}")
        assert got.content == file.content
        assert got.headers["content-disposition"] == f'attachment; filename="{file.name}"'
    assert httpx.get(f"{base}/sandbox/mails/{caught['id']}/2").status_code == 404


def test_a_server_that_does_not_answer_is_tried_again(tmp_path: Path):
    mail = MailSettings(host="127.0.0.1", port=9, encryption="none")
    how, why = _office(tmp_path, mail=mail).hand_over(outgoing())
    assert how is Handover.TRY_AGAIN
    assert why == "The mail server did not answer (ConnectionRefusedError)."


def test_without_a_way_the_letter_is_skipped(tmp_path: Path):
    office = PostOffice.of(Settings(data_dir=tmp_path, sandbox=False))
    assert office.hand_over(outgoing())[0] is Handover.SKIPPED
    assert office.hand_over(outgoing("#approvals", Channel.CHAT))[0] is Handover.SKIPPED


@pytest.mark.parametrize(("path", "how"), [("/sandbox/nothing", Handover.REFUSED), ("/sandbox/chat", Handover.SENT)])
def test_a_configured_webhook_takes_its_own_channel_alone(world: Path, path: str, how: Handover):
    base = json.loads((world / "sandbox" / "connection.json").read_text())["api_base"]
    office = _office(world, chat=ChatSettings.model_validate({"webhooks": {"approvals": base + path}}))
    assert office.hand_over(outgoing("#approvals", Channel.CHAT))[0] is how
    assert office.hand_over(outgoing("#other", Channel.CHAT))[0] is Handover.SKIPPED


def test_neither_text_nor_address_shows_when_a_letter_is_printed():
    assert "Kontor" not in repr(outgoing())
    assert "ada@" not in repr(outgoing())
