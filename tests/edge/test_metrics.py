"""``/metrics``: who may read it, and what it tells."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from dashboard.accounts.models import User
from dashboard.audit import call_totals
from dashboard.calcom_state.models import StoredAnswer
from dashboard.edge.proxies import trusted_proxies
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.metrics import Collector, metrics
from dashboard.sandbox import Sandbox
from tests.architecture.source import PROJECT
from tests.calendars.entries import add
from tests.future_dates import day
from tests.holds.conftest import calcom, sandbox
from tests.holds.factories import put
from tests.holds.verbs import LATER, SHORT, place, release

__all__ = ["calcom", "sandbox"]
pytestmark = pytest.mark.django_db
ALL = "/v2/slots/reservations"
SLOTS = "/v2/slots"
ONE = "/v2/slots/reservations/{uid}"


def values(after: timedelta = timedelta(minutes=1)) -> dict[str, float]:
    """Scrape; return each sample by its name and labels."""
    text = metrics(timezone.now() + after).content.decode()
    return {
        " ".join(
            [sample.name, *(text for _name, text in sorted(sample.labels.items()))]
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("allowed", "peer", "headers", "status"),
    [
        (None, "127.0.0.1", {}, 200),
        (None, "::1", {}, 200),
        (None, "::ffff:127.0.0.1", {}, 200),
        (None, "10.0.0.9", {}, 403),
        (None, "", {}, 403),
        (None, "127.0.0.1", {"Host": "10.1.2.3"}, 200),
        ("10.0.0.0/8", "10.0.0.9", {}, 200),
        ("10.0.0.0/8", "127.0.0.1", {}, 403),
        ("unix", "", {}, 200),
        # The page that a proxy passes on does not exist, and its host is checked.
        (None, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 400),
        (None, "127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 400),
        (None, "127.0.0.1", {"Via": "1.1 proxy"}, 400),
        ("10.0.0.0/8", "10.0.0.9", {"X-Forwarded-For": "127.0.0.1"}, 400),
        (None, "127.0.0.1", {"Host": "testserver"}, 404),
        (None, "127.0.0.1", {"Host": "TestServer"}, 404),
        (None, "127.0.0.1", {"Host": "testserver:8443"}, 404),
    ],
)
def test_only_allowed_peers_read_it(allowed, peer, headers, status, settings):
    if allowed is not None:
        settings.METRICS_ALLOWED = trusted_proxies(allowed)
    headers = {"Host": "127.0.0.1:8000"} | headers
    answer = Client().get("/metrics", REMOTE_ADDR=peer, headers=headers)
    assert answer.status_code == status
    assert answer["Cache-Control"] == "no-store"


def test_counts_holds_and_calls(calcom: Sandbox, staff: User) -> None:
    values()  # from here on calls are counted
    kept = place(staff)
    gone = place(staff, event_type=SHORT)
    release(staff, gone)
    hold = place(staff, start=LATER)
    # In the scrape, a minute later, one has run out and is not recorded yet.
    Hold.objects.filter(pk=hold.pk).update(held_until=timezone.now() + timedelta(seconds=30))
    found = values()
    assert kept.pk
    assert {name: value for name, value in found.items() if name.startswith("holdfast_holds")} == {
        "holdfast_holds placing": 0,
        "holdfast_holds held": 2,
        "holdfast_holds unconfirmed": 0,
        "holdfast_holds_live": 1,
    }
    assert found[f"holdfast_calcom_calls_total POST {ALL} ok"] == 3
    assert found[f"holdfast_calcom_calls_total DELETE {ONE} ok"] == 1
    assert found[f"holdfast_calcom_call_seconds_bucket POST {ALL} +Inf ok"] == 3
    assert found["holdfast_database_writable"] == 1
    assert found["holdfast_open_intents"] == 0
    assert found["holdfast_oldest_unsettled_change_seconds"] == 0
    assert found["holdfast_calcom_rate_left"] > 0
    again = values()
    assert again[f"holdfast_calcom_calls_total POST {ALL} ok"] == 3
    in_rules = set(re.findall(r"holdfast_\w+", (PROJECT / "README.md").read_text("utf-8")))
    assert in_rules - {name.split()[0] for name in found} == set()
    assert len(in_rules) > 5


def test_tells_what_is_unsettled(calcom: Sandbox, staff: User) -> None:
    since = timezone.now() - timedelta(minutes=9)
    put(staff, change={"phase": "parking"}, created_at=since)  # changed_at is that of a look
    assert 600 <= values()["holdfast_oldest_unsettled_change_seconds"] < 700


def test_young_entries_wait_for_transactions_that_overlap(calcom: Sandbox, staff: User) -> None:
    values()
    place(staff)
    assert f"holdfast_calcom_calls_total POST {ALL} ok" not in values(timedelta())
    assert values()[f"holdfast_calcom_calls_total POST {ALL} ok"] == 1


def test_entries_from_before_the_clock_was_set_back_are_counted(
    calcom: Sandbox, staff: User
) -> None:
    values()
    place(staff)
    assert values(timedelta(hours=-1))[f"holdfast_calcom_calls_total POST {ALL} ok"] == 1


def test_counts_reads_that_are_in_no_audit_entry(calcom: Sandbox, staff: User) -> None:
    """Each process writes what it reads to the same rows."""
    browser = Client()
    browser.force_login(staff)
    page = f"/holds/new?event_type_id=1&day={day(0)}"
    for _ in range(2):
        assert browser.get(page).status_code == 200  # the second time from what is stored
    StoredAnswer.objects.all().delete()  # as a minute later
    calcom.faults.add("502", route=SLOTS)
    browser.get(page)
    found = values()
    calls = {name: value for name, value in found.items() if "calls_total" in name}
    assert calls == {
        "holdfast_calcom_calls_total GET /v2/event-types ok": 2,
        f"holdfast_calcom_calls_total GET {SLOTS} ok": 1,
        f"holdfast_calcom_calls_total GET {SLOTS} failed": 1,
    }
    assert found[f"holdfast_calcom_call_seconds_bucket GET {SLOTS} +Inf ok"] == 1
    again = values()
    assert {name: again[name] for name in calls} == calls


def test_counts_what_is_asked_for_a_new_calendar(calcom: Sandbox, admin: User) -> None:
    add(admin, "owner")
    with pytest.raises(HoldError):
        add(admin, "unknown.person")
    assert values()["holdfast_calcom_calls_total GET /v2/event-types ok"] == 2


@pytest.mark.parametrize(
    ("status", "name"),
    [(None, "unanswered"), (200, "ok"), (422, "refused"), (429, "limited"), (503, "failed")],
)
def test_outcomes(status, name):
    assert call_totals.outcome_label(status) == name


def test_scrape_reads_no_whole_table(staff: User) -> None:
    if connection.vendor != "sqlite":  # plans of PostgreSQL depend on the table's contents
        return
    list(Collector(timezone.now()).collect())
    with CaptureQueriesContext(connection) as captured:
        list(Collector(timezone.now()).collect())
    plans = []
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            if query["sql"].startswith("SELECT"):
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                plans += [row[3] for row in cursor.fetchall()]
    assert len(captured) < 20
    scanned = [step for step in plans if step.startswith("SCAN dashboard")]
    assert scanned == ["SCAN dashboard_readcount"]  # a row per endpoint, outcome and bucket
