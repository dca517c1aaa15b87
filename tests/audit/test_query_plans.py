"""Query plans: every search of the log uses an index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.audit.search import WITHOUT_OUTCOME, LogFilter, matching_entries
from tests.audit.databases import migrated
from tests.audit.recorded import NOON

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def sqlite(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: pytest.FixtureRequest
) -> Iterator[BaseDatabaseWrapper]:
    """Use SQLite on every test run: plans of PostgreSQL depend on the table's contents."""
    folder = tmp_path_factory.mktemp("sqlite")
    with django_db_blocker.unblock(), migrated("sqlite", folder) as connection:
        yield connection


@pytest.mark.parametrize(
    "log_filter",
    [
        LogFilter(outcome=WITHOUT_OUTCOME),
        LogFilter(outcome=WITHOUT_OUTCOME, since=NOON - 7 * DAY, until=NOON),
        LogFilter(outcome=WITHOUT_OUTCOME, person=1),
        LogFilter(outcome="unknown"),
        LogFilter(outcome="unknown", since=NOON - DAY, until=NOON),
        LogFilter(outcome="unknown", person=1),
        LogFilter(outcome="unknown", action="move"),
        LogFilter(outcome="unknown", person=1, action="move"),
        LogFilter(outcome="refused", by_system=True),
    ],
    ids=str,
)
def test_search_uses_indexes(log_filter: LogFilter, sqlite: BaseDatabaseWrapper) -> None:
    found = matching_entries(log_filter, NOON).newest_first().using(sqlite.alias)
    plan = found.explain().splitlines()
    assert [step for step in plan if step.endswith("SCAN dashboard_auditentry")] == []
    subqueries = [step for step in plan if " U0 " in step]
    assert [step for step in subqueries if "audit_action_kind (action_id=?" not in step] == []
    assert subqueries != []
