"""Transports that kill their own process, with SIGKILL, at a moment that a file names."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import httpx

SENT = "http11.send_request_body.complete"  # httpcore's name of the event


def kill_this_process() -> NoReturn:
    """End the process: no handler, no ``finally`` and no flush runs."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit("a SIGKILL that did not kill")


@dataclass
class Plan:
    """The moment to be killed at, such as "sent 2", read from a file when it is asked for.

    Calls about reservations count from the first one that finds the file.
    """

    file: Path
    calls: int = 0

    def is_now(self, at: str) -> bool:
        """Return whether the process is to be killed at this moment outside all calls."""
        return self.read()[0] == at

    def next_call(self, request: httpx.Request) -> str:
        """Count a call; return "before", "sent" or "answered" if it is to be killed, else ""."""
        at, number = self.read()
        if not at or "/slots/reservations" not in request.url.path:
            return ""
        self.calls += 1
        return at if self.calls == number else ""

    def read(self) -> tuple[str, int]:
        if not self.file.exists():
            return "", 0
        at, _, number = self.file.read_text().partition(" call ")
        return at, int(number or 0)


class KillingTransport(httpx.BaseTransport):
    """Send calls with another transport, and kill the process when the plan says so."""

    def __init__(self, transport: httpx.BaseTransport, plan: Plan) -> None:
        self.transport, self.plan = transport, plan

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        at = self.plan.next_call(request)
        if at == "before":
            kill_this_process()
        if at == "sent":
            request.extensions = {**request.extensions, "trace": kill_when_sent}
        response = self.transport.handle_request(request)
        if at == "answered":
            response.read()
            kill_this_process()
        return response

    def close(self) -> None:
        self.transport.close()


class AsyncKillingTransport(httpx.AsyncBaseTransport):
    """Do the same for checks in bulk."""

    def __init__(self, transport: httpx.AsyncBaseTransport, plan: Plan) -> None:
        self.transport, self.plan = transport, plan

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        at = self.plan.next_call(request)
        if at == "before":
            kill_this_process()
        if at == "sent":
            request.extensions = {**request.extensions, "trace": async_kill_when_sent}
        response = await self.transport.handle_async_request(request)
        if at == "answered":
            await response.aread()
            kill_this_process()
        return response

    async def aclose(self) -> None:
        await self.transport.aclose()


def kill_when_sent(event: str, _info: dict[str, Any]) -> None:
    if event == SENT:
        kill_this_process()


async def async_kill_when_sent(event: str, info: dict[str, Any]) -> None:
    kill_when_sent(event, info)
