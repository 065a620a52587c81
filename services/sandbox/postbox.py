"""Where the sandbox's letters end: a mail server and a chat webhook that only keep what they get, and a page of it.

Everything stays in `<data folder>/sandbox/letters/`, the last 500 of them; nothing leaves the machine.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import email
import email.policy
import html
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from services.core.ids import new_id

_KEPT = 500
_LARGEST = 5 << 20
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body{{margin:0 auto;max-width:900px;padding:24px;font:14px/21px system-ui,sans-serif;color:#11191c;background:#f2f4f4}}
table{{width:100%;border-collapse:collapse;background:#fff}}td,th{{text-align:left;padding:8px 12px;border-bottom:1px
solid #e2e7e8;vertical-align:top}}a{{color:#0a6178}}iframe{{width:100%;height:640px;border:1px solid #e2e7e8;
background:#fff}}pre{{white-space:pre-wrap;background:#fff;padding:16px;border:1px solid #e2e7e8}}</style>
<h1>{title}</h1>{body}</html>"""


@dataclass(frozen=True)
class Caught:
    """One letter: `kind` is `mail` or `chat`; `html` is empty for chat."""

    id: str
    kind: str
    to: str
    subject: str
    text: str
    html: str
    at: str
    files: tuple[tuple[str, str], ...] = ()
    """Name and media type of each attachment, whose content stands beside the letter."""


class PostBox:
    """Keeps letters as files and shows them, newest first."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "sandbox" / "letters"

    def keep_mail(self, raw: bytes, recipients: list[str]) -> None:
        message = cast(EmailMessage, email.message_from_bytes(raw, policy=email.policy.default))
        parts = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
        texts = {
            kind: part.get_content().replace("\r\n", "\n") if part is not None else "" for kind, part in parts.items()
        }
        date = str(message["Date"] or "")
        to, subject = ", ".join(recipients), str(message["Subject"] or "")
        letter_id, files = str(new_id()), []
        self._folder.mkdir(parents=True, exist_ok=True)
        for place, part in enumerate(message.iter_attachments()):
            files.append((part.get_filename() or f"file-{place}", part.get_content_type()))
            self._file(letter_id, place).write_bytes(cast(bytes, part.get_payload(decode=True)) or b"")
        self._keep(Caught(letter_id, "mail", to, subject, texts["plain"], texts["html"], date, tuple(files)))

    def keep_chat(self, channel: str, text: str) -> None:
        at = dt.datetime.now(dt.UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
        self._keep(Caught(str(new_id()), "chat", f"#{channel}", text.partition("\n")[0], text, "", at))

    def caught(self) -> list[Caught]:
        """All that is kept, newest first."""
        files = sorted(self._folder.glob("*.json"), reverse=True)
        return [Caught(**json.loads(file.read_text())) for file in files]

    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/mails", self._list),
            Route("/sandbox/mails.json", self._list_as_json),
            Route("/sandbox/mails/{id}", self._show),
            Route("/sandbox/mails/{id}/{place:int}", self._download),
            Route("/sandbox/chat", self._take_chat, methods=["POST"]),
        ]

    def _file(self, letter_id: str, place: int) -> Path:
        return self._folder / f"{letter_id}.{place}.file"

    def _keep(self, letter: Caught) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f"{letter.id}.new"
        draft.write_text(json.dumps(asdict(letter)))
        draft.rename(self._folder / f"{letter.id}.json")
        for old in sorted(self._folder.glob("*.json"), reverse=True)[_KEPT:]:
            for file in self._folder.glob(f"{old.stem}.*"):
                file.unlink(missing_ok=True)

    async def _list(self, _: Request) -> Response:
        rows = "".join(
            f"<tr><td>{_safe(letter.at)}</td><td>{_safe(letter.to)}</td>"
            f'<td><a href="/sandbox/mails/{letter.id}">{_safe(letter.subject)}</a></td></tr>'
            for letter in self.caught()
        )
        table = f"<table><tr><th>Date</th><th>To</th><th>Subject</th></tr>{rows}</table>"
        return HTMLResponse(_PAGE.format(title="Letters of the sandbox", body=table if rows else "<p>None yet.</p>"))

    async def _list_as_json(self, _: Request) -> Response:
        return JSONResponse([asdict(letter) for letter in self.caught()])

    async def _show(self, request: Request) -> Response:
        found = self._found(request)
        if found is None:
            return HTMLResponse(_PAGE.format(title="Not here", body='<p><a href="/sandbox/mails">All</a></p>'), 404)
        drawn = f'<iframe sandbox="allow-popups allow-top-navigation-by-user-activation" srcdoc="{_safe(found.html)}">'
        shown = f"{drawn}</iframe>" if found.html else ""
        files = " · ".join(
            f'<a href="/sandbox/mails/{found.id}/{place}">{_safe(name)}</a>'
            for place, (name, _) in enumerate(found.files)
        )
        attached = f"<p>Attached: {files}</p>" if files else ""
        head = f'<p><a href="/sandbox/mails">All letters</a> · To {_safe(found.to)} · {_safe(found.at)}</p>'
        body = f"{head}{attached}{shown}"
        return HTMLResponse(_PAGE.format(title=_safe(found.subject), body=f"{body}<pre>{_safe(found.text)}</pre>"))

    async def _download(self, request: Request) -> Response:
        """An attachment, always as a download: what it says of itself is not trusted."""
        found, place = self._found(request), request.path_params["place"]
        if found is None or place >= len(found.files):
            return Response("not here", 404)
        name, media_type = found.files[place]
        plain = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name)
        headers = {"Content-Disposition": f'attachment; filename="{plain}"', "X-Content-Type-Options": "nosniff"}
        return Response(self._file(found.id, place).read_bytes(), media_type=media_type, headers=headers)

    def _found(self, request: Request) -> Caught | None:
        return next((letter for letter in self.caught() if letter.id == request.path_params["id"]), None)

    async def _take_chat(self, request: Request) -> Response:
        try:
            told = json.loads(await request.body())
            self.keep_chat(str(told.get("channel", "chat")), str(told["text"]))
        except (ValueError, KeyError, AttributeError):
            return Response("invalid_payload", 400)
        return Response("ok")


class _Handler:
    """What aiosmtpd calls for each mail."""

    def __init__(self, box: PostBox) -> None:
        self._box = box

    async def handle_DATA(self, _: Any, __: Any, envelope: Envelope) -> str:
        raw = envelope.content or b""
        self._box.keep_mail(raw if isinstance(raw, bytes) else raw.encode(), list(envelope.rcpt_tos))
        return "250 Kept"


@asynccontextmanager
async def catching_mail(data_dir: Path, *, port: int = 0) -> AsyncIterator[int]:
    """A mail server on 127.0.0.1 for the time of the block; yields its port."""
    box = PostBox(data_dir)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(_Handler(box), data_size_limit=_LARGEST, hostname="sandbox", loop=loop), "127.0.0.1", port
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
