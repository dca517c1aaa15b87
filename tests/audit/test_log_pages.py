"""Pages of the log: access, contents, pagination and htmx."""

import pytest
from django.urls import reverse

from dashboard.audit import entry_fields, search, trail
from dashboard.audit.models import AuditEntry, AuditLink
from tests.audit.log_page import Page, log
from tests.audit.recorded import (
    NOON,
    Action,
    Outcome,
    after,
    begin_to_extend,
    extend,
    fail_to_place,
    hold_of,
)
from tests.kept import forget_kept

pytestmark = pytest.mark.slow  # details of the log: the fast lane has its filters and terms


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_log_is_read_only(admins_browser, method):
    assert getattr(admins_browser, method)("/audit/").status_code == 405
    entry = AuditEntry.objects.newest_first()[0]
    assert getattr(admins_browser, method)(f"/audit/{entry.pk}/").status_code == 405


def test_rows_have_client_and_outcome_newest_first(staff, hold, admins_browser):
    extend(staff, hold)
    fail_to_place(staff, at=after(60))
    begin_to_extend(staff, hold, at=after(120))
    assert log(admins_browser) == [
        "Tue 25 Nov 2025 13:02:00 staff tried to extend the hold of Wed 26 Nov 2025 14:30 "
        "for Client One , no record after 13:02 no outcome",
        "Tue 25 Nov 2025 13:01:00 staff tried to place the hold of Wed 26 Nov 2025 10:00, "
        "cal.com: This time slot is already reserved by another user; "
        "cal.com took 212 ms refused",
        "Tue 25 Nov 2025 13:00:00 staff extended the hold of Wed 26 Nov 2025 14:30 "
        "for Client One , 13:15 → 13:30; cal.com took 212 ms for 2 calls and accepted; "
        "by parking and returning done",
    ]


def test_markup_is_escaped(staff, admins_browser):
    script = "<script>alert(1)</script>"
    trail.event(
        action=Action.SIGN_IN_FAILED,
        by=None,
        actor_name=script,
        outcome=Outcome.REFUSED,
        asked={script: script},
        before={script: script},
        message=script,
        user_agent=script,
        now=NOON,
    )
    hold_of(staff, script)
    extend(staff, hold_of(staff, script))
    newest = AuditEntry.objects.newest_first()[0]
    failed = AuditEntry.objects.get(action=Action.SIGN_IN_FAILED)
    for address in ("/audit/", f"/audit/{newest.pk}/", f"/audit/{failed.pk}/"):
        page = admins_browser.get(address).content.decode()
        assert script not in page
        assert "&lt;script&gt;alert(1)" in page


def test_empty_result_offers_to_clear_filters(admins_browser):
    page = Page(admins_browser.get("/audit/", {"action": "export"}))
    assert page.rows == []
    assert page.links["Clear filters"] == "/audit/"


def test_page_beyond_the_oldest_entry_leads_to_the_newest(admins_browser):
    page = Page(admins_browser.get("/audit/", {"find": "admin", "before": "1"}))
    assert "No matching entries." not in page.links
    assert "This page of the log does not exist." in page.links
    assert page.links["To the newest entries"] == "?find=admin"


def test_last_page_of_one_action_says_of_many(staff, hold, admins_browser):
    for second in range(2):
        extend(staff, hold, at=after(second))
    second = AuditEntry.objects.filter(action="extend").openings().order_by("id")[1].pk
    last = admins_browser.get(f"/audit/?action=extend&before={second}").content.decode()
    assert "1 of many actions." in last


def test_number_of_queries_does_not_depend_on_rows(
    staff, colleague, admins_browser, django_assert_max_num_queries, monkeypatch
):
    monkeypatch.setattr(search, "PAGE_SIZE", 10)

    def cost() -> int:
        with django_assert_max_num_queries(20) as asked:
            admins_browser.get("/audit/")
        of_log = [each["sql"] for each in asked if "dashboard_hold" not in each["sql"]]
        assert [sql for sql in of_log if "OFFSET" in sql or "COUNT(" in sql] == []
        return len(asked)

    for second in range(12):
        extend(staff, hold_of(staff), at=after(second))
    cost()  # fills caches
    few = cost()
    for second in range(24):
        extend(staff if second % 2 else colleague, hold_of(staff), at=after(second))
    cost()  # reads the changed holds into memory
    assert cost() == few


@pytest.mark.usefixtures("immediate_links")
def test_entry_shows_every_column_and_its_action(staff, hold, admins_browser):
    extend(staff, hold)
    intent, step, outcome = AuditEntry.objects.filter(hold=hold).order_by("id")
    response = admins_browser.get(reverse("audit-entry", args=[outcome.pk]))
    page = response.content.decode()
    shown = {fact.label: fact.value for fact in response.context["facts"]}
    changes = {each.label: (each.before, each.after) for each in response.context["changes"]}
    assert changes == {
        "held until": ("Tue 25 Nov 2025 13:15:00 CET", "Tue 25 Nov 2025 13:30:00 CET")
    }
    assert [(each.label, each.value) for each in response.context["others"]] == [
        ("slot starts", "Wed 26 Nov 2025 14:30:00 CET"),
        ("slot ends", "Wed 26 Nov 2025 15:30:00 CET"),
        ("state", "held"),
        ("way", "by parking and returning"),
    ]
    assert page.index("13:30:00 CET") < page.index("staff</bdi>")  # what changed comes first
    assert [(each.label, each.value) for each in response.context["asked"]] == [
        ("to be held for", "30 minutes")
    ]
    for column in AuditEntry._meta.local_fields:
        value = getattr(outcome, column.attname)
        if column.name in ("action_id", "address", "user_agent", "request_id", "message"):
            assert str(value) in page
    assert page.count("/v2/slots/reservations/{uid}") >= 2
    assert f'href="/audit/{intent.pk}/"' in page
    assert f'href="/audit/{step.pk}/"' in page
    assert f'href="/audit/{outcome.pk}/"' not in page
    assert "Tue 25 Nov 2025 13:00:00 CET · 2025-11-25T12:00:00.250Z" in page
    assert shown["Who"] == "staff"
    assert {"Reason", "Next call", "Error code", "Message"}.isdisjoint(shown)  # empty
    assert shown["HTTP status"] == "200"
    assert shown["Milliseconds"] == "112"
    assert shown["Number at cal.com"] == "upstream-1"
    link = AuditLink.objects.get(entry_id=outcome.pk)
    assert shown["Position in the chain"] == str(link.position)
    assert shown["Link hash"] == link.hash


def test_entry_page_covers_all_columns():
    formatted = {"id", "at", "kind", "actor", "actor_name", "action", "outcome", "hold"}
    columns = {field.name for field in AuditEntry._meta.local_fields}
    plain = {name for name, _label in entry_fields.COLUMNS}
    assert plain | formatted | {"asked", "before", "after"} == columns


def test_number_of_queries_does_not_depend_on_entries(
    staff, hold, admins_browser, django_assert_max_num_queries
):
    begun = begin_to_extend(staff, hold)
    address = reverse("audit-entry", args=[AuditEntry.objects.newest_first()[0].pk])

    def cost() -> int:
        with django_assert_max_num_queries(20) as asked:
            assert admins_browser.get(address).status_code == 200
        return len(asked)

    cost()  # fills caches
    short = cost()
    for second in range(40):
        trail.step(begun, method="GET", path="/", answered=None, now=after(second))
    assert cost() == short


@pytest.mark.parametrize("number", [10**6, 2**63 - 1, 2**63, 10**40])
def test_unknown_entry_is_not_found(admins_browser, number):
    assert admins_browser.get(f"/audit/{number}/").status_code == 404


def test_htmx_gets_a_fragment(mixed_log, admins_browser):
    headers = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "section#log"}
    fragment = admins_browser.get("/audit/", {"outcome": "none"}, headers=headers)
    whole = admins_browser.get("/audit/", {"outcome": "none"})
    assert fragment.content.decode().lstrip().startswith('<section id="log"')
    assert Page(fragment).rows == Page(whole).rows
    assert "HX-Request-Type" in fragment.headers["Vary"]
    assert "HX-Request-Type" in whole.headers["Vary"]
    assert (b"<html" in fragment.content, b"<html" in whole.content) == (False, True)


@pytest.mark.parametrize("filters", [{}, {"since": "soon"}])
def test_ids_are_unique(mixed_log, admins_browser, filters):
    ids = Page(admins_browser.get("/audit/", filters)).ids
    assert sorted(ids) == sorted(set(ids))


def test_refused_action_is_shown_without_changes(staff, hold, admins_browser):
    """A value that was recorded before a refusal was not changed to nothing."""
    begun = begin_to_extend(staff, hold)
    trail.outcome(begun, outcome=Outcome.REFUSED, message="No.", now=after(1))
    newest = AuditEntry.objects.newest_first()[0]
    response = admins_browser.get(f"/audit/{newest.pk}/")
    assert response.context["changes"] == []
    shown = {fact.label: fact.value for fact in response.context["facts"]}
    assert shown["Action"] == "tried to extend a hold"
    assert {each.label: each.value for each in response.context["others"]}["state"] == "held"


def test_entry_names_the_event_type(staff, hold, admins_browser):
    forget_kept()
    fail_to_place(staff)
    newest = AuditEntry.objects.newest_first()[0]
    response = admins_browser.get(f"/audit/{newest.pk}/")
    assert [(each.label, each.value) for each in response.context["asked"]] == [
        ("event type", "Consult 60 (1)"),
        ("slot starts", "Wed 26 Nov 2025 10:00:00 CET"),
    ]
