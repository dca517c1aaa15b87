"""How the log is searched: by what an index finds, never entry by entry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.audit.search import WITHOUT_OUTCOME, Wanted, heads
from tests.audit.databases import migrated
from tests.audit.deeds import NOON

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def apart(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: pytest.FixtureRequest
) -> Iterator[BaseDatabaseWrapper]:
    """An SQLite, whatever database the run itself is on: PostgreSQL plans by what is in a table."""
    folder = tmp_path_factory.mktemp("apart")
    with django_db_blocker.unblock(), migrated("sqlite", folder) as connection:
        yield connection


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(outcome=WITHOUT_OUTCOME),
        Wanted(outcome=WITHOUT_OUTCOME, since=NOON - 7 * DAY, until=NOON),
        Wanted(outcome=WITHOUT_OUTCOME, person=1),
        Wanted(outcome="unknown"),
        Wanted(outcome="unknown", since=NOON - DAY, until=NOON),
        Wanted(outcome="unknown", person=1),
        Wanted(outcome="unknown", action="move"),
        Wanted(outcome="unknown", person=1, action="move"),
        Wanted(outcome="refused", by_system=True),
    ],
    ids=str,
)
def test_no_search_reads_all_entries_or_looks_for_an_action_otherwise_than_by_its_number(
    wanted: Wanted, apart: BaseDatabaseWrapper
) -> None:
    found = heads(wanted, NOON).newest_first().using(apart.alias)
    plan = found.explain().splitlines()
    assert [step for step in plan if step.endswith("SCAN dashboard_auditentry")] == []
    looked_up = [step for step in plan if " U0 " in step]
    assert [step for step in looked_up if "audit_action_kind (action_id=?" not in step] == []
    assert looked_up != []
