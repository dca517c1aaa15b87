"""Filters of the log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from dashboard.accounts.models import User
from dashboard.audit import search
from tests.audit.log_page import Page, log
from tests.audit.recorded import NOON, after, sign_in


def actions(browser: Client, **filters: str) -> list[str]:
    """Return person and action of each row, newest first."""
    return [
        next(
            f"{actor} {action}"
            for actor in ("staff", "colleague", "the system", "not signed in")
            for action in ("extend", "place", "sign in", "signed in", "ran out")
            if row[25:].startswith(actor) and action in row
        )
        for row in log(browser, **filters)
    ]


EVERYTHING = [
    "not signed in sign in",
    "the system ran out",
    "staff extend",
    "colleague place",
    "colleague extend",
    "staff extend",
    "staff signed in",
]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, EVERYTHING),
        ({"person": "staff"}, ["staff extend", "staff extend", "staff signed in"]),
        ({"person": "system"}, ["the system ran out"]),
        ({"action": "extend"}, ["staff extend", "colleague extend", "staff extend"]),
        ({"outcome": "refused"}, ["not signed in sign in", "colleague place"]),
        ({"outcome": "none"}, ["staff extend"]),
        ({"outcome": "ok", "action": "extend"}, ["colleague extend", "staff extend"]),
        ({"outcome": "ok", "person": "colleague"}, ["colleague extend"]),
        ({"outcome": "none", "person": "colleague"}, []),
        ({"since": "2025-11-25"}, EVERYTHING[:-1]),
        ({"until": "2025-11-24"}, EVERYTHING[-1:]),
        ({"since": "2025-11-24", "until": "2025-11-25"}, EVERYTHING),
        ({"since": "2025-11-26"}, []),
    ],
)
def test_filters(mixed_log, admins_browser, filters, found):
    people = {user.username: str(user.pk) for user in User.objects.all()}
    if "person" in filters:
        filters = filters | {"person": people.get(filters["person"], "system")}
    assert actions(admins_browser, **filters) == found


def test_days_start_at_midnight_in_the_office(staff, admins_browser):
    """25 November starts in Rome at 23:00 UTC on the day before."""
    midnight = datetime(2025, 11, 24, 23, 0, tzinfo=UTC)
    for seconds in (-1, 0, 86399, 86400):
        sign_in(staff, at=midnight + timedelta(seconds=seconds))
    rows = log(admins_browser, since="2025-11-25", until="2025-11-25")
    assert [row[:24] for row in rows] == ["Tue 25 Nov 2025 23:59:59", "Tue 25 Nov 2025 00:00:00"]


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"person": "999999"}, "person"),
        ({"person": "1 OR 1=1"}, "person"),
        ({"action": "nonsense"}, "action"),
        ({"outcome": "\x00"}, "outcome"),
        ({"since": "yesterday"}, "since"),
        ({"since": "0001-01-01"}, "since"),
        ({"until": "9999-12-31"}, "until"),
        ({"since": "2025-11-25", "until": "2025-11-24"}, "until"),
        ({"before": "0"}, "before"),
        ({"before": "9" * 40}, "before"),
        ({"before": "one"}, "before"),
    ],
)
def test_invalid_filter_is_marked(admins_browser, filters, field):
    response = admins_browser.get("/audit/", filters)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert Page(response).rows == []
    assert ('class="errorlist"' in response.content.decode()) == (field != "before")


def test_search_takes_two_queries(mixed_log, staff, django_assert_num_queries):
    for log_filter in (
        search.LogFilter(),
        search.LogFilter(person=staff.pk, action="extend", outcome="ok", since=NOON),
        search.LogFilter(outcome=search.WITHOUT_OUTCOME),
    ):
        with django_assert_num_queries(2):
            page = search.page(log_filter, before=10**9, now=after(900))
            assert {line.hold and line.hold.client_name for line in page.lines} <= {
                None,
                "Client One",
            }
        assert len(page.lines) > 0
