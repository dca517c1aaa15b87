"""What both benchmarks of pages stand on: the product under gunicorn, and a sandbox, each in a
process of its own, and somebody signed in."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx

from tests import serving

KEY = "cal_ownerfast0123456789"  # a million calls a minute: the rate is not what is measured
PASSWORD = "benchmark 9 horses"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
# Far beyond the bookings of the sandbox's world.
FIRST = (datetime.now(UTC) + timedelta(days=400)).replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class House:
    """Addresses of the product and of the sandbox, and the folder on whose disk they write."""

    url: str
    sandbox: str
    folder: Path
    manage: serving.Site

    @contextmanager
    def person(self, name: str, role: str) -> Iterator[Person]:
        """Somebody new, signed in, on a connection that stays open."""
        self.manage.manage("person", "add", name, "--role", role, stdin=PASSWORD)
        with httpx.Client(base_url=self.url, timeout=30) as client:
            page = client.get("/accounts/login/")
            data = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token_of(page)}
            expect(client.post("/accounts/login/", data=data), 302)
            yield Person(client, token_of(client.get("/holds/new")))


@dataclass(frozen=True)
class Person:
    """A browser with its cookies, and the token of its forms."""

    client: httpx.Client
    token: str

    def place(self, slot_start: datetime, **more: str) -> None:
        """The form POST up to its finished answer, as a browser sends it."""
        fields = {
            "csrfmiddlewaretoken": self.token,
            "token": str(uuid4()),
            "event_type_id": "1",
            "slot_start": slot_start.isoformat(),
            "reservation_duration": "60",
            "client_name": "Grace Hopper",
            "client_contact": "+39 06 555 0100",
            "note": "",
        }
        expect(self.client.post("/holds/new", data=fields | more), 303)


@contextmanager
def house(database_url: str = "", **more: str) -> Iterator[House]:
    """The product with its own settings; without an address on SQLite in a file of its own.

    ``more`` are variables of its environment.
    """
    with TemporaryDirectory(prefix="holdfast-bench-") as name, sandbox() as cal:
        folder = Path(name)
        variables = serving.environment(
            public_url="http://127.0.0.1",
            database_url=database_url or str(folder / "db.sqlite3"),
            CALCOM_API_URL=cal,
            CALCOM_API_KEY=KEY,
            DJANGO_SETTINGS_MODULE="tests.bench.settings",
            **more,
        )
        serving.manage(variables, "migrate")
        with serving.serving(variables, folder) as site:
            yield House(site.url, cal, folder, site)


@contextmanager
def sandbox() -> Iterator[str]:
    """The base URL of a sandbox in another process, without its pause between check and write."""
    command = [sys.executable, "manage.py", "sandbox", "--port", "0", "--control-port", "0"]
    with subprocess.Popen(
        [*command, "--pause", "0", "--with-parent"],
        cwd=serving.PROJECT,
        env=serving.environment(public_url="http://127.0.0.1", database_url=":memory-less:"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        yield line.split()[1]  # it ends with its standard input, which closes here


def token_of(page: httpx.Response) -> str:
    """The token of the page's first form."""
    found = TOKEN.search(page.text)
    return found[1] if found else ""


def expect(answer: httpx.Response, status: int) -> httpx.Response:
    """Raises RuntimeError for another answer: nobody shall be proud of a fast refusal."""
    if answer.status_code != status:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code}\n{answer.text[:2000]}")
    return answer
