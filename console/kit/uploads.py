"""Files that a page sends: the answer is whole also when the handler refused them."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from console.kit.answers import Watched

_UPLOAD = "/_upload"


class WholeUploads:
    """Stands around Reflex's own app, which answers an upload with a stream and breaks it off when the handler raises.

    By then `backend.on_error` has told the person and logged what nobody foresaw, so the stream is ended instead:
    a file that was refused is no failed request and no second incident.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != _UPLOAD:
            await self._app(scope, receive, send)
            return
        answer = Watched(send)
        try:
            await self._app(scope, receive, answer)
        except Exception:
            if not answer.begun:
                raise
            await send({"type": "http.response.body", "body": b"", "more_body": False})
