"""Serve the product so that it can be killed: databases copied from a template, forked processes.

The database is of the kind that the test run uses, a SQLite file or PostgreSQL.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from django.db import connection

from dashboard.sandbox import Sandbox
from tests import postgresql
from tests.forking import piped
from tests.holds.fault_cases import Moment
from tests.holds.office import Office
from tests.holds.staff_actions import Form
from tests.holds.verbs import KEY
from tests.migrated import PASSWORD, PEOPLED, postgresql_template, sqlite_template

NAMES = {"staff": "ada", "admin": "vera"}  # of people in the database that is copied
KILLED = -9


@dataclass(frozen=True)
class Database:
    """A database with people in it; ``renew`` makes it as it was at first."""

    url: str
    renew: Callable[[], None]


@contextmanager
def renewable_database(folder: Path) -> Iterator[Database]:
    """Yield a database of the kind of the test run; before its first use it must be renewed."""
    if connection.vendor == "sqlite":
        file = folder / "test.sqlite3"
        yield Database(str(file), lambda: copy_file(file))
        return
    server, name = postgresql.server_url(), f"killed_{os.getpid()}"
    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    create = f"CREATE DATABASE {name} TEMPLATE {postgresql_template(PEOPLED)}"
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    with psycopg.connect(server, autocommit=True) as connected:

        def renew() -> None:
            connected.execute(drop)
            connected.execute(create)

        yield Database(url, renew)
        connected.execute(drop)


def copy_file(file: Path) -> None:
    """Replace a SQLite file, and what was beside it, by a copy."""
    for left in file.parent.glob(f"{file.name}*"):
        left.unlink()
    shutil.copy(sqlite_template(PEOPLED), file)


class ForkServer:
    """The process of ``fork_server``, which forks servers and commands."""

    def __init__(self, orders: TextIO, replies: TextIO) -> None:
        self.orders, self.replies = orders, replies
        self.reply()

    def order(self, do: str, **more: Any) -> dict[str, Any]:
        self.orders.write(json.dumps({"do": do, **more}) + "\n")
        self.orders.flush()
        return self.reply()

    def manage(self, *arguments: str) -> int:
        """Run a command of manage.py; return its exit code."""
        code: int = self.order("manage", arguments=arguments)["exit"]
        return code

    def reply(self) -> dict[str, Any]:
        line = self.replies.readline()
        if not line:
            raise RuntimeError("the fork server has ended; its messages are above")
        reply: dict[str, Any] = json.loads(line)
        return reply


@contextmanager
def fork_server(folder: Path, calcom: Sandbox, database: Database) -> Iterator[ForkServer]:
    """Start a fork server."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database.url,
        "CALCOM_API_URL": calcom.url,
        "CALCOM_API_KEY": KEY,
        "PUBLIC_URL": "http://127.0.0.1",
    }
    command = ["-m", "tests.holds.fork_server", str(folder)]
    with piped(command, env=environment) as (_program, orders, replies):
        yield ForkServer(orders, replies)


class ServedOffice(Office):
    """The product in a process that can be killed."""

    def __init__(
        self, server: ForkServer, folder: Path, calcom: Sandbox, database: Database
    ) -> None:
        self.server = server
        self.plan, self.ahead = folder / "plan", folder / "ahead"
        for left in (self.plan, self.ahead):
            left.unlink(missing_ok=True)
        database.renew()
        calcom.reset()
        super().__init__(calcom)
        self.browser = httpx.Client(timeout=60, verify=False)
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
        typed = {"username": NAMES[name], "password": PASSWORD}
        answer = self.post("/accounts/login/", typed)
        assert answer.status_code == 302

    def send(self, form: Form, ids: Mapping[str, int]) -> tuple[int, str, str]:
        answer = self.post(*form.filled(ids))
        return answer.status_code, answer.headers.get("location", ""), answer.text

    def post(self, to: str, data: Mapping[str, str | list[str]]) -> httpx.Response:
        token = self.browser.cookies["holdfast_csrf"]
        return self.browser.post(to, data={**data, "csrfmiddlewaretoken": token})

    def page(self, address: str) -> str:
        answer = self.browser.get(address)
        assert answer.status_code == 200
        return answer.text

    def snapshot(self) -> dict[str, Any]:
        return self.server.order("snapshot")

    def settle(self) -> None:
        assert self.server.manage("settle") == 0

    def wait_for_calls(self) -> None:
        """Do nothing: what settles here is over once it has answered."""
