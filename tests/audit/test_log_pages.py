"""The log as Admins read it: who may, what is found, how a page is turned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.accounts.models import User
from dashboard.audit import entry_fields, search, trail
from dashboard.audit.models import AuditEntry
from tests.audit.deeds import (
    NOON,
    Action,
    Outcome,
    after,
    begin_to_extend,
    extend,
    fail_to_place,
    make_hold,
    sign_in,
)


class Page(HTMLParser):
    """What stands on a page: the log's lines, links and fields."""

    def __init__(self, response) -> None:
        super().__init__()
        self.rows: list[str] = []
        self.links: dict[str, str] = {}
        self.ids: list[str] = []
        self._tags: list[str] = []
        self._href = ""
        self.feed(response.content.decode())

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self._tags.append(tag)
        self._href = told.get("href", self._href) if tag == "a" else self._href
        if "id" in told:
            self.ids.append(told["id"])
        if tag == "tr":
            self.rows.append("")

    def handle_data(self, data):
        if self.rows and "table" in self._tags:
            self.rows[-1] = " ".join(f"{self.rows[-1]} {data}".split())
        if data.strip():
            self.links[data.strip()] = self._href

    def handle_endtag(self, tag):
        while self._tags and self._tags.pop() != tag:
            pass


def log(browser: Client, **filters: str) -> list[str]:
    """The lines of the log, without who added the cast."""
    response = browser.get("/audit/", filters)
    assert response.status_code == 200
    return [row for row in Page(response).rows[1:] if "added a person" not in row]


# --- Who may ----------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/audit/", "/audit/1/"])
def test_only_admins_see_the_log(staff, admins_browser, address):
    stranger, staffs_browser = Client(), Client()
    staffs_browser.force_login(staff)
    sent_on, denied = stranger.get(address), staffs_browser.get(address)
    assert (sent_on.status_code, sent_on.url) == (302, f"/accounts/login/?next={address}")
    assert (denied.status_code, b"<table" in denied.content) == (403, False)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_log_is_only_read(admins_browser, method):
    assert getattr(admins_browser, method)("/audit/").status_code == 405
    entry = AuditEntry.objects.newest_first()[0]
    assert getattr(admins_browser, method)(f"/audit/{entry.pk}/").status_code == 405


# --- What stands there ------------------------------------------------------------------------


def test_the_log_reads_newest_first_with_client_and_outcome(staff, hold, admins_browser):
    extend(staff, hold)
    fail_to_place(staff, at=after(60))
    begin_to_extend(staff, hold, at=after(120))
    assert log(admins_browser) == [
        "Tue 25 Nov 2025 13:02:00 staff tried to extend the hold of Wed 26 Nov 14:30, "
        "nothing was written down after 13:02 Client One no outcome",
        "Tue 25 Nov 2025 13:01:00 staff tried to place the hold of Wed 26 Nov 10:00, "
        "cal.com: This time slot is already reserved by another user. refused",
        "Tue 25 Nov 2025 13:00:00 staff extended the hold of Wed 26 Nov 14:30, "
        "13:15 → 13:30; cal.com answered 2 calls in 212 ms; parked and returned Client One done",
    ]


def test_hostile_words_stay_words(staff, admins_browser):
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
    make_hold(staff, script)
    extend(staff, make_hold(staff, script))
    newest = AuditEntry.objects.newest_first()[0]
    failed = AuditEntry.objects.get(action=Action.SIGN_IN_FAILED)
    for address in ("/audit/", f"/audit/{newest.pk}/", f"/audit/{failed.pk}/"):
        page = admins_browser.get(address).content.decode()
        assert script not in page
        assert "&lt;script&gt;alert(1)" in page


def test_an_empty_search_says_so_and_shows_a_way_on(admins_browser):
    page = Page(admins_browser.get("/audit/", {"action": "export"}))
    assert page.rows == []
    assert page.links["Clear filters"] == "/audit/"


# --- Filters ----------------------------------------------------------------------------------


@pytest.fixture
def busy_day(staff, colleague, hold) -> None:
    sign_in(staff, at=NOON - timedelta(days=1))
    extend(staff, hold)
    extend(colleague, hold, at=after(1))
    fail_to_place(colleague, at=after(2))
    begin_to_extend(staff, hold, at=after(3))
    trail.event(action=Action.EXPIRE, by=None, hold_id=hold.pk, now=after(4))
    trail.event(
        action=Action.SIGN_IN_FAILED,
        by=None,
        outcome=Outcome.REFUSED,
        actor_name="system",
        now=after(5),
    )


def deeds(browser: Client, **filters: str) -> list[str]:
    """Person and action of each line, newest first."""
    return [
        next(
            f"{who} {action}"
            for who in ("staff", "colleague", "the system", "somebody")
            for action in ("extend", "place", "signed in", "sign in", "run out")
            if row[25:].startswith(who) and action in row
        )
        for row in log(browser, **filters)
    ]


EVERYTHING = [
    "somebody sign in",
    "the system run out",
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
        ({"person": "system"}, ["the system run out"]),
        ({"action": "extend"}, ["staff extend", "colleague extend", "staff extend"]),
        ({"outcome": "refused"}, ["somebody sign in", "colleague place"]),
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
def test_filters_find_exactly_what_they_say(busy_day, admins_browser, filters, found):
    people = {user.username: str(user.pk) for user in User.objects.all()}
    if "person" in filters:
        filters = filters | {"person": people.get(filters["person"], "system")}
    assert deeds(admins_browser, **filters) == found


def test_days_begin_at_midnight_in_the_office(staff, admins_browser):
    """Rome is an hour ahead: its 25 November begins at 23:00 UTC the day before."""
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
def test_a_filter_that_makes_no_sense_is_marked_and_shows_nothing(admins_browser, filters, field):
    response = admins_browser.get("/audit/", filters)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert Page(response).rows == []
    assert ('class="errorlist"' in response.content.decode()) == (field != "before")


# --- Turning pages ----------------------------------------------------------------------------


def test_pages_lead_through_the_whole_log_once(staff, hold, admins_browser, monkeypatch):
    for second in range(120):
        extend(staff, hold, at=after(second))
    address, seen, pages = "/audit/?action=extend", [], 0
    while address:
        page = Page(admins_browser.get(address))
        seen += page.rows[1:]
        pages += 1
        older = page.links.get("Older")
        address = f"/audit/{older}" if older else None
        if address:
            extend(staff, hold, at=after(1000 + pages))  # the log grows meanwhile
    assert pages == 3
    assert (len(seen), len(set(seen))) == (120, 120)
    assert seen[0].startswith("Tue 25 Nov 2025 13:01:59")
    assert seen[-1].startswith("Tue 25 Nov 2025 13:00:00")


def test_a_page_costs_the_same_for_one_line_and_for_fifty(
    staff, colleague, admins_browser, django_assert_max_num_queries
):
    def cost() -> int:
        with django_assert_max_num_queries(20) as asked:
            admins_browser.get("/audit/")
        assert not any(word in each["sql"] for each in asked for word in ("COUNT(", "OFFSET"))
        return len(asked)

    few = cost()
    for second in range(60):
        extend(staff if second % 2 else colleague, make_hold(staff), at=after(second))
    assert cost() == few


def test_the_log_itself_is_two_queries_for_whatever_was_asked(
    busy_day, staff, django_assert_num_queries
):
    for wanted in (
        search.Wanted(),
        search.Wanted(person=staff.pk, action="extend", outcome="ok", since=NOON),
        search.Wanted(outcome=search.WITHOUT_OUTCOME),
    ):
        with django_assert_num_queries(2):
            page = search.page(wanted, before=10**9, now=after(900))
            assert {line.hold and line.hold.client_name for line in page.lines} <= {
                None,
                "Client One",
            }
        assert len(page.lines) > 0


# --- One entry --------------------------------------------------------------------------------


def test_an_entry_shows_every_column_and_its_whole_action(staff, hold, admins_browser):
    extend(staff, hold)
    intent, step, outcome = AuditEntry.objects.filter(hold=hold).order_by("id")
    response = admins_browser.get(reverse("audit-entry", args=[outcome.pk]))
    page = response.content.decode()
    shown = {fact.label: fact.value for fact in response.context["facts"]}
    told = {each.label: (each.before, each.after) for each in response.context["differences"]}
    assert told["held until"] == (
        "Tue 25 Nov 2025 13:15:00 CET",
        "Tue 25 Nov 2025 13:30:00 CET",
    )
    assert told["way"] == ("–", "parked and returned")
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
    assert "Tue 25 Nov 2025 13:00:00 CET · 2025-11-25T12:00:00.250+00:00" in page
    assert shown["Who"] == "staff"
    assert shown["Empty"] == "Reason, Next call, Next address, Error code, Message"
    assert shown["HTTP status"] == "200"
    assert shown["Milliseconds"] == "112"
    assert shown["Number at cal.com"] == "upstream-1"


def test_no_column_is_left_out_of_an_entrys_page():
    told_by_itself = {"id", "at", "kind", "actor", "actor_name", "action", "outcome", "hold"}
    columns = {field.name for field in AuditEntry._meta.local_fields}
    as_they_are = {name for name, _label in entry_fields.COLUMNS}
    assert as_they_are | told_by_itself | {"asked", "before", "after"} == columns


def test_an_entry_costs_the_same_however_long_its_action(
    staff, hold, admins_browser, django_assert_max_num_queries
):
    begun = begin_to_extend(staff, hold)
    address = reverse("audit-entry", args=[AuditEntry.objects.newest_first()[0].pk])

    def cost() -> int:
        with django_assert_max_num_queries(20) as asked:
            assert admins_browser.get(address).status_code == 200
        return len(asked)

    short = cost()
    for second in range(40):
        trail.step(begun, method="GET", path="/", answered=None, now=after(second))
    assert cost() == short


@pytest.mark.parametrize("number", [10**6, 2**63 - 1, 2**63, 10**40])
def test_an_entry_that_is_not_there_is_not_found(admins_browser, number):
    assert admins_browser.get(f"/audit/{number}/").status_code == 404


# --- htmx -------------------------------------------------------------------------------------


def test_a_filter_by_htmx_gets_the_fragment_alone(busy_day, admins_browser):
    headers = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "section#log"}
    fragment = admins_browser.get("/audit/", {"outcome": "none"}, headers=headers)
    whole = admins_browser.get("/audit/", {"outcome": "none"})
    assert fragment.content.decode().lstrip().startswith('<section id="log"')
    assert Page(fragment).rows == Page(whole).rows
    assert "HX-Request-Type" in fragment.headers["Vary"]
    assert "HX-Request-Type" in whole.headers["Vary"]
    assert (b"<html" in fragment.content, b"<html" in whole.content) == (False, True)


@pytest.mark.parametrize("filters", [{}, {"since": "soon"}])
def test_no_id_stands_twice_on_a_page(busy_day, admins_browser, filters):
    ids = Page(admins_browser.get("/audit/", filters)).ids
    assert sorted(ids) == sorted(set(ids))
