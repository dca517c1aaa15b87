"""Transports that kill their own process at a chosen moment of a chosen call, with SIGKILL."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import httpx

SENT = "http11.send_request_body.complete"


def die() -> NoReturn:
    """Nothing of this process runs after this: no handler, no finally, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit("a SIGKILL that did not kill")


@dataclass
class Plan:
    """Where to die, as a file says at this moment: a word, and the number of a call.

    Calls about reservations count from the first one that finds the file.
    """

    file: Path
    calls: int = 0

    def says(self, at: str) -> bool:
        return self._words()[0] == at

    def next_call(self, request: httpx.Request) -> str:
        """Where to die during this call; "" is nowhere."""
        at, number = self._words()
        if not at or "/slots/reservations" not in request.url.path:
            return ""
        self.calls += 1
        return at if self.calls == number else ""

    def _words(self) -> tuple[str, int]:
        if not self.file.exists():
            return "", 0
        at, number = self.file.read_text().split()
        return at, int(number)


class Killing(httpx.BaseTransport):
    """The transport inside, until the plan says otherwise."""

    def __init__(self, inside: httpx.BaseTransport, plan: Plan) -> None:
        self._inside, self._plan = inside, plan

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        at = self._plan.next_call(request)
        if at == "before":
            die()
        if at == "sent":
            request.extensions = {**request.extensions, "trace": _die_when_sent}
        response = self._inside.handle_request(request)
        if at == "answered":
            response.read()
            die()
        return response

    def close(self) -> None:
        self._inside.close()


class AsyncKilling(httpx.AsyncBaseTransport):
    """The same for checks of several holds."""

    def __init__(self, inside: httpx.AsyncBaseTransport, plan: Plan) -> None:
        self._inside, self._plan = inside, plan

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        at = self._plan.next_call(request)
        if at == "before":
            die()
        if at == "sent":
            request.extensions = {**request.extensions, "trace": _async_die_when_sent}
        response = await self._inside.handle_async_request(request)
        if at == "answered":
            await response.aread()
            die()
        return response

    async def aclose(self) -> None:
        await self._inside.aclose()


def _die_when_sent(event: str, _info: dict[str, Any]) -> None:
    if event == SENT:
        die()


async def _async_die_when_sent(event: str, info: dict[str, Any]) -> None:
    _die_when_sent(event, info)
