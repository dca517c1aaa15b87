"""The database is restarted while cal.com is at work: its answer is recorded all the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError

from dashboard.holds import database_connection
from dashboard.sandbox import Sandbox, demo_world
from tests import postgresql
from tests.migrated import PASSWORD, PEOPLED, postgresql_template
from tests.parts import require
from tests.script_visitor import Visitor, free_tuesday
from tests.serving import environment, serving
from tests.waiting import wait_for

END_CONNECTIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid != pg_backend_pid()
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Visitor, Sandbox, str]]:
    """Yield a person at the product on PostgreSQL, cal.com, and the database's address."""
    require("PostgreSQL", postgresql.binaries())
    with ExitStack() as stack:
        calcom = stack.enter_context(Sandbox(demo_world(datetime.now(UTC).date())))
        template = postgresql_template(PEOPLED)
        url = stack.enter_context(postgresql.fresh_database(template=template))
        variables = environment(
            public_url="http://127.0.0.1", database_url=url, CALCOM_API_URL=calcom.url
        )
        site = stack.enter_context(serving(variables, tmp_path))
        ada = stack.enter_context(Visitor(site.url))
        assert ada.sign_in("ada", PASSWORD) == 302
        yield ada, calcom, url


@pytest.mark.slow
def test_answer_is_recorded_after_the_database_ended_its_connections(
    desk: tuple[Visitor, Sandbox, str],
) -> None:
    ada, calcom, url = desk
    hold = "/holds/1/"
    other_day = f"{free_tuesday()}T15:00"
    forms = [
        ("POST", "/holds/new", {"event_type_id": "1", "slot_start": f"{free_tuesday()}T16:00"}),
        ("PATCH", f"{hold}extend", {"reservation_duration": "60"}),
        ("PATCH", f"{hold}move", {"slot_start": other_day}),
        ("GET", f"{hold}check", {}),
        ("GET", "/check", {"hold": "1"}),
        ("DELETE", f"{hold}release", {"reason": "no_longer_needed"}),
    ]
    for method, path, fields in forms:
        fault = calcom.faults.add("delay", when="after", method=method, seconds=5)
        answers: list[int] = []
        page = "/holds/new" if path in ("/holds/new", "/check") else hold
        posting = threading.Thread(
            target=lambda page=page, path=path, fields=fields, answers=answers: answers.append(
                ada.post(page, path, **fields).status_code
            )
        )
        posting.start()
        wait_for(lambda fault=fault: calcom.faults.hits(fault) == 1)
        with psycopg.connect(url) as database:
            database.execute(END_CONNECTIONS)
        calcom.faults.clear()
        posting.join()
        assert (path, answers) == (path, [200 if path == "/check" else 303])
    with psycopg.connect(url) as database:
        holds = database.execute("SELECT state, claim_id, change FROM dashboard_hold").fetchall()

    assert holds == [("released", None, None)]


class Starting:
    """A connection to a database that takes none before the third try."""

    in_atomic_block = False
    health_check_done = True
    tries = 0

    def close_if_health_check_failed(self) -> None:
        assert not self.health_check_done

    def ensure_connection(self) -> None:
        self.tries += 1
        if self.tries < 3:
            raise OperationalError("the database system is starting up")


def test_database_is_tried_again_while_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    starting = Starting()
    monkeypatch.setattr(database_connection, "connection", starting)
    monkeypatch.setattr(database_connection, "PAUSE", 0)
    database_connection.renew()
    assert starting.tries == 3


def test_database_that_stays_away_is_left_to_the_next_query(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    starting = Starting()
    monkeypatch.setattr(database_connection, "connection", starting)
    monkeypatch.setattr(database_connection, "PATIENCE", -1)
    database_connection.renew()
    assert starting.tries == 1
