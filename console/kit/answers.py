"""Whether an answer has begun: what is on its way cannot be taken back."""

from __future__ import annotations

from starlette.types import Message, Send


class Watched:
    """A `send` that knows whether anything went through it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: Message) -> None:
        self.begun = True
        await self._send(message)
