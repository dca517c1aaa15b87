"""The product under gunicorn and a sandbox, each in its own process, with signed-in people."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx

from tests import serving

Serve = Callable[[dict[str, str], Path], AbstractContextManager[serving.Site]]
API_KEY = "cal_ownerfast0123456789"  # a million calls a minute, so that no rate limit is measured
PASSWORD = "benchmark 9 horses"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
# Far beyond the bookings of the sandbox.
FIRST_SLOT = (datetime.now(UTC) + timedelta(days=400)).replace(minute=0, second=0, microsecond=0)
CLIENTS = ("Grace Hopper", "Edsger W. Dijkstra", "Rósa Jónsdóttir", "Ada King", "Li Wei")
NOTES = ("", "", "prefers the room at the back", "calls back after lunch")


@dataclass(frozen=True)
class Product:
    """A running product; ``sandbox`` is the base URL of its cal.com."""

    site: serving.Site
    sandbox: str

    @property
    def url(self) -> str:
        return self.site.url

    @contextmanager
    def person(self, name: str, role: str, **client: Any) -> Iterator[Person]:
        """Add a person and sign them in, on a connection that stays open.

        ``client`` are arguments of httpx, for a way to the product through a proxy.
        """
        self.site.manage("person", "add", name, "--role", role, stdin=PASSWORD)
        arguments: dict[str, Any] = {"base_url": self.url, "timeout": 30} | client
        with httpx.Client(**arguments) as browser:
            page = browser.get("/accounts/login/")
            data = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token_of(page)}
            expect(browser.post("/accounts/login/", data=data), 302)
            yield Person(browser, token_of(browser.get("/holds/new")))


@dataclass(frozen=True)
class Person:
    """A browser's cookies and CSRF token."""

    client: httpx.Client
    token: str

    @property
    def cookie(self) -> str:
        """Return the value of the Cookie header."""
        return "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())

    def place(self, slot_start: datetime, **more: str) -> None:
        """Send the form of a new hold and read the whole answer."""
        expect(self.client.post("/holds/new", data=self.place_form(slot_start) | more), 303)

    def place_form(self, slot_start: datetime) -> dict[str, str]:
        """Return the fields of a new hold."""
        return {
            "csrfmiddlewaretoken": self.token,
            "token": str(uuid4()),
            "event_type_id": "1",
            "slot_start": slot_start.isoformat(),
            "reservation_duration": "60",
            "client_name": CLIENTS[0],
            "client_contact": "+39 06 555 0100",
            "note": "",
        }


def place_holds(people: list[Person], numbers: range) -> None:
    """Place the holds with these numbers, for different clients, by each person in turn."""
    for number in numbers:
        people[number % len(people)].place(
            FIRST_SLOT + timedelta(hours=number),
            reservation_duration=str(60 + number % 60),
            client_name=f"{CLIENTS[number % len(CLIENTS)]} {number}",
            note=NOTES[number % len(NOTES)],
        )


@contextmanager
def running_product(
    database_url: str = "", *, serve: Serve = serving.serving, **more: str
) -> Iterator[Product]:
    """Serve the product with its own settings, without a ``database_url`` on a new SQLite file.

    A fork, which ``serve`` makes by default, has the memory of what it was forked from. ``more``
    are variables of the product's environment.
    """
    with TemporaryDirectory(prefix="holdfast-bench-") as name, running_sandbox() as sandbox:
        folder = Path(name)
        variables = serving.environment(
            public_url="http://127.0.0.1",
            database_url=database_url or str(folder / "db.sqlite3"),
            CALCOM_API_URL=sandbox,
            CALCOM_API_KEY=API_KEY,
            DJANGO_SETTINGS_MODULE="tests.bench.settings",
            **more,
        )
        serving.manage(variables, "migrate")
        with serve(variables, folder) as site:
            yield Product(site, sandbox)


@contextmanager
def running_sandbox() -> Iterator[str]:
    """Run a sandbox; give its base URL."""
    command = [sys.executable, "manage.py", "sandbox", "--port", "0", "--control-port", "0"]
    with subprocess.Popen(
        command,
        cwd=serving.PROJECT,
        env=serving.environment(public_url="http://127.0.0.1", database_url=":memory-less:"),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        try:
            yield line.split()[1]
        finally:
            process.terminate()


def token_of(page: httpx.Response) -> str:
    """Return the CSRF token of the page's first form."""
    found = TOKEN.search(page.text)
    return found[1] if found else ""


def expect(answer: httpx.Response, status: int) -> httpx.Response:
    """Return the answer. Raise RuntimeError for another status: a fast refusal is no result."""
    if answer.status_code != status:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code}\n{answer.text[:2000]}")
    return answer
