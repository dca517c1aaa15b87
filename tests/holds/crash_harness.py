"""A desk whose server can be killed: databases made from one template, processes forked ready-made.

Whose database it is follows the test run: a file of SQLite, or PostgreSQL.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from dashboard.accounts.roles import Role
from dashboard.sandbox import Sandbox
from dashboard.sandbox.fixtures import Hold as Row
from tests import postgresql
from tests.holds import invariants
from tests.holds.cast import ALL, ONE
from tests.holds.journeys import Death, Form
from tests.serving import PROJECT, manage

PASSWORD = "correct horse 9"
PEOPLE = {"staff": Role.STAFF, "admin": Role.ADMINS}
KILLED = -9


class Files:
    """A SQLite file, and a migrated one that it is copied from."""

    def __init__(self, folder: Path) -> None:
        self._desk, self._template = folder / "desk.sqlite3", folder / "template.sqlite3"
        self.url = str(self._desk)

    def keep(self) -> None:
        """Take the database as it is as the template."""
        shutil.copy(self._desk, self._template)

    def renew(self) -> None:
        for left in self._desk.parent.glob(f"{self._desk.name}*"):
            left.unlink()
        shutil.copy(self._template, self._desk)

    def drop(self) -> None:
        """The folder goes with the test run."""


class Server:
    """A PostgreSQL database, and a migrated one that it is copied from."""

    def __init__(self) -> None:
        self._admin = postgresql.server_url()
        self._name = f"killed_{os.getpid()}"
        self.url = urlunsplit(urlsplit(self._admin)._replace(path=f"/{self._name}"))
        self._run(f"CREATE DATABASE {self._name}")

    def keep(self) -> None:
        self._run(f"ALTER DATABASE {self._name} RENAME TO {self._name}_template")

    def renew(self) -> None:
        self._run(
            f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)",
            f"CREATE DATABASE {self._name} TEMPLATE {self._name}_template",
        )

    def drop(self) -> None:
        self._run(
            f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)",
            f"DROP DATABASE IF EXISTS {self._name}_template WITH (FORCE)",
        )

    def _run(self, *statements: str) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


@dataclass
class Kitchen:
    """The process that forks the others."""

    process: subprocess.Popen[str]

    def order(self, do: str, **more: Any) -> dict[str, Any]:
        if self.process.stdin is None or self.process.stdout is None:
            raise ValueError("started without pipes")
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise RuntimeError("the process that forks servers has ended; its words stand above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def manage(self, *arguments: str) -> int:
        ended: int = self.order("run", arguments=arguments)["ended"]
        return ended


@contextmanager
def kitchen(folder: Path, calcom: Sandbox, database: Files | Server) -> Iterator[Kitchen]:
    """Its processes share a migrated database with ``PEOPLE``."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database.url,
        "CALCOM_API_URL": calcom.url,
        "CALCOM_API_KEY": "cal_ownerfast0123456789",
        "PUBLIC_URL": "http://127.0.0.1",
    }
    manage(environment, "migrate")
    for name, role in PEOPLE.items():
        manage(environment, "person", "add", name, "--role", role.value, stdin=PASSWORD)
    database.keep()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.holds.fork_server", str(folder)],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        made = Kitchen(process)
        made.answer()
        yield made
    finally:
        process.stdin.close() if process.stdin else None
        process.wait(10)
        process.stdout.close() if process.stdout else None


class Desk:
    """Staff at a served process, with everything that can be looked at beside it."""

    def __init__(
        self, kitchen: Kitchen, folder: Path, calcom: Sandbox, database: Files | Server
    ) -> None:
        self._kitchen, self._folder, self.calcom = kitchen, folder, calcom
        self._plan, self._ahead = folder / "plan", folder / "ahead"
        for left in (self._plan, self._ahead):
            left.unlink(missing_ok=True)
        database.renew()
        calcom.reset()
        self.begun = calcom.clock.now()
        self._browser = httpx.Client(timeout=30)
        self._serve()

    def close(self) -> None:
        self._browser.close()
        if self._pid:
            self._kitchen.order("stop", pid=self._pid)

    def _serve(self) -> None:
        served = self._kitchen.order("serve")
        self._pid: int = served["pid"]
        self._browser.base_url = httpx.URL(f"http://127.0.0.1:{served['port']}")

    def restart(self) -> None:
        """After a death: the plan is over, and somebody starts the server again."""
        self.recover()
        self._serve()

    def recover(self) -> None:
        """Nothing dies any more."""
        self._plan.unlink()

    def ended(self) -> int:
        """How the server ended; a signal is a negative number."""
        ended: int = self._kitchen.order("wait", pid=self._pid)["ended"]
        self._pid = 0
        return ended

    def die_at(self, death: Death) -> None:
        self._plan.write_text(death.plan)

    def forward(self, seconds: float) -> None:
        ahead = float(self._ahead.read_text()) if self._ahead.exists() else 0.0
        self._ahead.write_text(str(ahead + seconds))
        self.calcom.clock.shift(seconds)

    def sign_in(self, name: str = "staff") -> None:
        self._browser.get("/accounts/login/")
        answer = self._post("/accounts/login/", {"username": name, "password": PASSWORD})
        assert answer.status_code == 302

    def send(self, form: Form, known: Mapping[str, int]) -> tuple[int, str]:
        answer = self._post(*form.filled(known))
        return answer.status_code, answer.headers.get("location", "")

    def page(self, address: str) -> str:
        answer = self._browser.get(address)
        assert answer.status_code == 200
        return answer.text

    def manage(self, *arguments: str) -> int:
        return self._kitchen.manage(*arguments)

    def books(self) -> dict[str, Any]:
        assert self._kitchen.order("books") == {"ended": 0}
        found: dict[str, Any] = json.loads((self._folder / "books").read_text())
        return found

    @property
    def live(self) -> list[Row]:
        return self.calcom.live_rows()

    @property
    def mine(self) -> list[Row]:
        return invariants.ours(self.live, self.begun)

    def calls(self) -> Counter[str]:
        seen = [*self.calcom.calls(route=ALL), *self.calcom.calls(route=ONE)]
        return Counter(call.method for call in seen)

    def wait_for_calls(self, number: int) -> int:
        """Until cal.com has done with so many calls; gives how many there were."""
        deadline = time.monotonic() + 5
        while self.calls().total() < number and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.calls().total()

    def wrong_pages(self, *, at_rest: bool) -> list[str]:
        """What the pages of all holds say that is not so."""
        wrong = []
        for hold in self.books()["holds"]:
            shown = invariants.Shown.of(self.page(f"/holds/{hold['id']}/"))
            mine = invariants.without_others(self.mine, self.books(), hold["id"])
            wrong += invariants.page(shown, self.live, mine, at_rest=at_rest)
        return wrong

    def secrets_on(self, address: str) -> list[str]:
        """What opens cal.com must be on no page."""
        page = self.page(address)
        hidden = {hold["reservation_uid"] for hold in self.books()["holds"]} | {"cal_owner"}
        return [secret for secret in hidden if secret and secret in page]

    def _post(self, to: str, data: Mapping[str, str | list[str]]) -> httpx.Response:
        token = self._browser.cookies["csrftoken"]
        return self._browser.post(to, data={**data, "csrfmiddlewaretoken": token})
