"""Where the sandbox's checkpoints go: a receiver beside the mail catcher, as somebody outside would run one.

It keeps every note that continues what it has and refuses a smaller tree, in `<data folder>/sandbox/checkpoints/`.
"""

from __future__ import annotations

import html
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

_LARGEST = 64 * 1024
_LONGEST_FILE = 5 << 20
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Checkpoints of the sandbox</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>body{{margin:0 auto;max-width:900px;
padding:24px;font:14px/21px system-ui,sans-serif;color:#11191c;background:#f2f4f4}}pre{{white-space:pre-wrap;
background:#fff;padding:16px;border:1px solid #e2e7e8;overflow-wrap:anywhere}}</style>
<h1>The newest checkpoint</h1><pre>{note}</pre></html>"""


class Witness:
    """Takes the audit log's checkpoints over HTTP. It knows no key: it only never takes a step back."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "sandbox" / "checkpoints"

    def latest(self) -> str | None:
        """The newest note."""
        try:
            return (self._folder / "latest.txt").read_text()
        except FileNotFoundError:
            return None

    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/checkpoints", self._show, methods=["GET"]),
            Route("/sandbox/checkpoints", self._take, methods=["POST"]),
        ]

    async def _show(self, _: Request) -> Response:
        return HTMLResponse(_PAGE.format(note=html.escape(self.latest() or "None yet.")))

    async def _take(self, request: Request) -> Response:
        note = (await request.body())[: _LARGEST + 1].decode(errors="replace")
        size, known = _size(note), _size(self.latest() or "")
        if size is None or len(note) > _LARGEST:
            return PlainTextResponse("This is no checkpoint.", 400)
        if known is not None and size < known:
            return PlainTextResponse(f"A checkpoint of {known} entries was here before.", 409)
        self._keep(note)
        return PlainTextResponse("Kept.")

    def _keep(self, note: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        every = self._folder / "every.txt"
        if every.exists() and every.stat().st_size > _LONGEST_FILE:
            every.replace(self._folder / "every.old.txt")
        with every.open("a") as file:
            file.write(note + "\n")
        draft = self._folder / "latest.new"
        draft.write_text(note)
        draft.replace(self._folder / "latest.txt")


def _size(note: str) -> int | None:
    lines = note.split("\n")
    return int(lines[1]) if len(lines) > 4 and lines[1].isascii() and lines[1].isdecimal() else None
