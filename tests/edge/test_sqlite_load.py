"""Many writers on one SQLite file: each waits for the others, and none is refused."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from dashboard.sandbox import Sandbox, demo_world
from tests.edge.test_several_machines import HOURS, PEOPLE, Desk
from tests.migrated import PEOPLED, sqlite_template
from tests.script_visitor import free_tuesday
from tests.serving import environment, serving

pytestmark = pytest.mark.slow


def test_no_request_meets_a_locked_database(tmp_path: Path) -> None:
    with Sandbox(demo_world(datetime.now(UTC).date())) as sandbox:
        variables = environment(
            public_url="http://127.0.0.1",
            database_url=str(shutil.copy(sqlite_template(PEOPLED), tmp_path / "db.sqlite3")),
            CALCOM_API_URL=sandbox.url,
            WEB_CONCURRENCY="3",
        )
        with serving(variables, tmp_path) as site:
            first = date.fromisoformat(free_tuesday())
            desks = [
                Desk(site.url, name, first + timedelta(weeks=number))
                for number, name in enumerate(PEOPLE)
            ]
            for desk in desks:
                desk.start()
            probes = []
            for desk in desks:
                while desk.is_alive():
                    for path in ("/metrics", "/readyz"):
                        answer = httpx.get(site.url + path, timeout=60, verify=False)
                        probes.append(answer.status_code)
                    desk.join(0.5)
            log = site.log.read_text()
    assert [desk.failed for desk in desks] == [[]] * len(PEOPLE)
    assert sum(len(desk.placed) for desk in desks) == len(PEOPLE) * len(HOURS)
    assert set(probes) == {200}
    assert "locked" not in log
