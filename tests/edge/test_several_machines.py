"""Two servers on one PostgreSQL, behind nginx and PgBouncer; one is killed under load."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from dashboard.sandbox import Sandbox, demo_world
from tests import postgresql
from tests.edge.nginx import WHOLE, listening
from tests.migrated import PASSWORD, PEOPLED, postgresql_template
from tests.parts import program, require
from tests.pgbouncer import pooled
from tests.ports import free_ports
from tests.script_visitor import Visitor, free_tuesday
from tests.serving import Site, environment, manage, serving
from tests.waiting import wait_for

pytestmark = pytest.mark.slow

PEOPLE = ("ada", "grace", "vera", "dora")  # of tests.migrated
HOURS = (9, 10, 11, 12, 13)  # that each of them holds, before the bookings of the demo at 14
# As in the README: nginx tries the other server only with what it has not sent to the first.
BLOCK = """\
    upstream holdfast {{ {servers} }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://holdfast;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_next_upstream error;
        }}
    }}
"""
HOLDS = "SELECT id FROM dashboard_hold WHERE state = 'held'"
PLACED = "SELECT hold_id FROM dashboard_auditentry WHERE action = 'place' AND outcome = 'ok'"
BEGUN = "SELECT count(*) FROM dashboard_auditentry WHERE action = 'place' AND kind = 'intent'"


@contextlib.contextmanager
def balancing(sites: list[Site], port: int, folder: Path) -> Iterator[None]:
    """Run nginx in front of several servers."""
    server = require("nginx", program("nginx"))
    servers = " ".join(f"server {site.url.removeprefix('http://')};" for site in sites)
    text = WHOLE.format(folder=folder, block=BLOCK.format(servers=servers, port=port))
    (folder / "nginx.conf").write_text(text)
    command = [server, "-c", folder / "nginx.conf", "-e", folder / "nginx.log"]
    with listening(command, port, folder / "nginx.log"):
        yield


class Desk(threading.Thread):
    """A person who holds one time after the other, each once."""

    def __init__(self, base: str, name: str, day: date) -> None:
        super().__init__()
        self.day, self.visitor = day, Visitor(base)
        # One after the other: a server refuses many sign-ins at once.
        assert self.visitor.sign_in(name, PASSWORD) == 302
        self.placed: list[int] = []
        self.failed: list[str] = []

    def run(self) -> None:
        with self.visitor as visitor:
            for hour in HOURS:
                try:
                    answer = self.place(visitor, hour)
                except httpx.TransportError as exc:
                    self.failed.append(repr(exc))
                    continue
                if answer.status_code == 303:
                    self.placed.append(int(answer.headers["Location"].split("/")[-2]))
                else:
                    self.failed.append(f"{answer.status_code} at {hour}")

    def place(self, visitor: Visitor, hour: int) -> httpx.Response:
        """Try again, as the page says, while a colleague asks, who may have been killed."""
        answer = visitor.place("Zoë", slot_start=f"{self.day}T{hour:02}:00")
        while answer.status_code == 409 and "is asking cal.com for this time" in answer.text:
            time.sleep(0.05)
            answer = visitor.place("Zoë", slot_start=f"{self.day}T{hour:02}:00")
        return answer


def kill(site: Site) -> None:
    """Kill the server with its workers, as a power cut does."""
    pid = site.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in (pid, *map(int, children)):
        os.kill(each, signal.SIGKILL)


def test_one_of_two_is_killed_under_load(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    base = f"http://127.0.0.1:{port}"
    require("PostgreSQL", postgresql.binaries())
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(demo_world(datetime.now(UTC).date())))
        template = postgresql_template(PEOPLED)
        database_url = stack.enter_context(postgresql.fresh_database(template=template))
        variables = environment(
            public_url=base,
            database_url=stack.enter_context(pooled(database_url)),
            CALCOM_API_URL=sandbox.url,
            TRUSTED_PROXIES="127.0.0.1",
        )
        with contextlib.ExitStack() as servers:
            sites = []
            for number in range(2):
                (tmp_path / str(number)).mkdir()
                sites.append(servers.enter_context(serving(variables, tmp_path / str(number))))
            servers.enter_context(balancing(sites, port, tmp_path))
            first = date.fromisoformat(free_tuesday())
            weeks = [first + timedelta(weeks=number) for number in range(len(PEOPLE))]
            desks = [Desk(base, name, day) for name, day in zip(PEOPLE, weeks, strict=True)]
            for desk in desks:
                desk.start()
            wait_for(lambda: sum(len(desk.placed) for desk in desks) >= len(PEOPLE))
            kill(sites[0])
            for desk in desks:
                desk.join()
            posts = len(sandbox.calls("POST", "/v2/slots/reservations"))
        # No server works any more.
        held, recorded = ({number for (number,) in sites[1].rows(each)} for each in (HOLDS, PLACED))
        [(begun,)] = sites[1].rows(BEGUN)
    assert [desk.failed[1:] for desk in desks] == [[]] * len(PEOPLE)
    placed = {number for desk in desks for number in desk.placed}
    assert len(placed) >= len(PEOPLE) * (len(HOURS) - 1)
    assert placed <= held == recorded  # one that failed may have been recorded before its answer
    assert begun >= posts


def test_migrates_through_pgbouncer(postgresql_url: str) -> None:
    with pooled(postgresql_url) as database_url:
        variables = environment(public_url="http://127.0.0.1", database_url=database_url)
        manage(variables, "migrate")
        manage(variables, "migrate", "--check")
