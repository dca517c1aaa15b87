"""Serve the product so that it can be killed: databases copied from a template, forked processes.

The database is of the kind that the test run uses, a SQLite file or PostgreSQL.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from dashboard.accounts.roles import Role
from dashboard.sandbox import Sandbox
from dashboard.sandbox.fixtures import Reservation
from tests import postgresql, run
from tests.forking import piped
from tests.holds import invariants
from tests.holds.fault_cases import Moment
from tests.holds.staff_actions import Form
from tests.holds.verbs import ALL, KEY, ONE
from tests.migrated import postgresql_template, sqlite_template
from tests.waiting import wait_for

PASSWORD = "correct horse 9"
PEOPLE = {"staff": Role.STAFF, "admin": Role.ADMINS}
KILLED = -9


class SqliteDatabase:
    """A SQLite file, copied from a migrated one that the workers of a run share."""

    def __init__(self, folder: Path) -> None:
        self.file, self.template = folder / "test.sqlite3", run.folder() / "killed.sqlite3"
        self.url = str(self.file)

    def has_template(self) -> bool:
        return self.template.exists()

    def begin(self) -> None:
        shutil.copy(sqlite_template(), self.file)

    def keep_as_template(self) -> None:
        shutil.copy(self.file, self.template)

    def renew(self) -> None:
        for left in self.file.parent.glob(f"{self.file.name}*"):
            left.unlink()
        shutil.copy(self.template, self.file)

    def drop(self) -> None:
        """Do nothing: the folder is removed after the test run."""


class PostgresqlDatabase:
    """A PostgreSQL database, copied from a migrated one that the workers of a run share."""

    TEMPLATE = "killed_template"

    def __init__(self) -> None:
        self.server = postgresql.server_url()
        self.name = f"killed_{os.getpid()}"
        self.url = urlunsplit(urlsplit(self.server)._replace(path=f"/{self.name}"))

    def has_template(self) -> bool:
        with psycopg.connect(self.server) as connection:
            found = "SELECT FROM pg_database WHERE datname = %s"
            return connection.execute(found, [self.TEMPLATE]).fetchone() is not None

    def begin(self) -> None:
        self.execute(f"CREATE DATABASE {self.name} TEMPLATE {postgresql_template()}")

    def keep_as_template(self) -> None:
        self.execute(f"ALTER DATABASE {self.name} RENAME TO {self.TEMPLATE}")

    def renew(self) -> None:
        self.drop()
        self.execute(f"CREATE DATABASE {self.name} TEMPLATE {self.TEMPLATE}")

    def drop(self) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)


Database = SqliteDatabase | PostgresqlDatabase


class ForkServer:
    """The process of ``fork_server``, which forks servers and commands."""

    def __init__(self, orders: TextIO, replies: TextIO) -> None:
        self.orders, self.replies = orders, replies
        self.reply()

    def order(self, do: str, **more: Any) -> dict[str, Any]:
        self.orders.write(json.dumps({"do": do, **more}) + "\n")
        self.orders.flush()
        return self.reply()

    def manage(self, *arguments: str, stdin: str = "") -> int:
        """Run a command of manage.py; return its exit code."""
        code: int = self.order("manage", arguments=arguments, stdin=stdin)["exit"]
        return code

    def reply(self) -> dict[str, Any]:
        line = self.replies.readline()
        if not line:
            raise RuntimeError("the fork server has ended; its messages are above")
        reply: dict[str, Any] = json.loads(line)
        return reply


@contextmanager
def fork_server(folder: Path, calcom: Sandbox, database: Database) -> Iterator[ForkServer]:
    """Start a fork server, with a migrated database of ``PEOPLE`` to copy."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database.url,
        "CALCOM_API_URL": calcom.url,
        "CALCOM_API_KEY": KEY,
        "PUBLIC_URL": "http://127.0.0.1",
    }
    command = ["-m", "tests.holds.fork_server", str(folder)]
    with piped(command, env=environment) as (_program, orders, replies):
        server = ForkServer(orders, replies)
        with run.locked("killed"):
            if not database.has_template():
                make_template(server, database)
        yield server


def make_template(server: ForkServer, database: Database) -> None:
    database.begin()
    for name, role in PEOPLE.items():
        assert server.manage("person", "add", name, f"--role={role.value}", stdin=PASSWORD) == 0
    database.keep_as_template()


class ServedOffice:
    """A served process and a person's browser, with everything that can be read beside them."""

    def __init__(
        self, server: ForkServer, folder: Path, calcom: Sandbox, database: Database
    ) -> None:
        self.server, self.folder, self.calcom = server, folder, calcom
        self.plan, self.ahead = folder / "plan", folder / "ahead"
        for left in (self.plan, self.ahead):
            left.unlink(missing_ok=True)
        database.renew()
        calcom.reset()
        self.started = calcom.clock.now()
        self.browser = httpx.Client(timeout=60)
        self.serve()

    def close(self) -> None:
        self.browser.close()
        if self.pid:
            self.server.order("stop", pid=self.pid)

    def serve(self) -> None:
        served = self.server.order("serve")
        self.pid: int = served["pid"]
        self.browser.base_url = httpx.URL(f"http://127.0.0.1:{served['port']}")

    def kill_at(self, moment: Moment) -> None:
        """Let the next process that comes to this moment be killed."""
        self.plan.write_text(str(moment))

    def kill_no_more(self) -> None:
        self.plan.unlink()

    def exit_code(self) -> int:
        """Wait for the end of the server; a signal is a negative number."""
        code: int = self.server.order("wait", pid=self.pid)["exit"]
        self.pid = 0
        return code

    def forward(self, seconds: float) -> None:
        ahead = float(self.ahead.read_text()) if self.ahead.exists() else 0.0
        self.ahead.write_text(str(ahead + seconds))
        self.calcom.clock.shift(seconds)

    def sign_in(self, name: str = "staff") -> None:
        self.browser.get("/accounts/login/")
        answer = self.post("/accounts/login/", {"username": name, "password": PASSWORD})
        assert answer.status_code == 302

    def send(self, form: Form, ids: Mapping[str, int]) -> tuple[int, str]:
        answer = self.post(*form.filled(ids))
        return answer.status_code, answer.headers.get("location", "")

    def post(self, to: str, data: Mapping[str, str | list[str]]) -> httpx.Response:
        token = self.browser.cookies["holdfast_csrf"]
        return self.browser.post(to, data={**data, "csrfmiddlewaretoken": token})

    def page(self, address: str) -> str:
        answer = self.browser.get(address)
        assert answer.status_code == 200
        return answer.text

    def snapshot(self) -> dict[str, Any]:
        return self.server.order("snapshot")

    @property
    def live(self) -> list[Reservation]:
        return self.calcom.live_rows()

    @property
    def mine(self) -> list[Reservation]:
        return invariants.without_strangers(self.live, self.started)

    def calls(self) -> Counter[str]:
        seen = [*self.calcom.calls(route=ALL), *self.calcom.calls(route=ONE)]
        return Counter(call.method for call in seen)

    def wait_for_calls(self, number: int) -> int:
        """Wait until the sandbox has finished so many calls; return how many there were."""
        wait_for(lambda: self.calls().total() >= number)
        return self.calls().total()

    def wrong_pages(self, *, is_idle: bool) -> list[str]:
        """Check the pages of all holds."""
        wrong = []
        for hold in self.snapshot()["holds"]:
            page = invariants.HoldPage.parse(self.page(f"/holds/{hold['id']}/"))
            mine = invariants.without_other_holds(self.mine, self.snapshot(), hold["id"])
            wrong += invariants.page(page, self.live, mine, is_idle=is_idle)
        return wrong
