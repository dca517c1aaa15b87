"""Filters of the log."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client

from dashboard.accounts.models import Preferences, User
from dashboard.audit import search
from dashboard.audit.forms import LogForm
from dashboard.audit.rollups import begun_between
from dashboard.localization import local_times
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


FILTERS = [
    ({}, EVERYTHING),
    ({"person": "staff"}, ["staff extend", "staff extend", "staff signed in"]),
    ({"person": "system"}, ["the system ran out"]),
    ({"action": "extend"}, ["staff extend", "colleague extend", "staff extend"]),
    ({"outcome": "refused"}, ["not signed in sign in", "colleague place"]),
    ({"outcome": "none"}, ["staff extend"]),
    ({"outcome": "ok", "action": "extend"}, ["colleague extend", "staff extend"]),
    ({"outcome": "ok", "person": "colleague"}, ["colleague extend"]),
    ({"outcome": "none", "person": "colleague"}, []),
    (
        {"hold": "own"},
        ["the system ran out", "staff extend", "colleague extend", "staff extend"],
    ),
    ({"hold": "999"}, []),
    ({"event": "999"}, []),
    ({"event": "1", "outcome": "refused"}, ["colleague place"]),
    (
        {"hold": "own", "outcome": "ok"},
        ["the system ran out", "colleague extend", "staff extend"],
    ),
    ({"since": "2025-11-25"}, EVERYTHING[:-1]),
    ({"until": "2025-11-24"}, EVERYTHING[-1:]),
    ({"since": "2025-11-24", "until": "2025-11-25"}, EVERYTHING),
    ({"since": "2025-11-26"}, []),
]


def test_filters(mixed_log, hold, admins_browser):
    people = {user.username: str(user.pk) for user in User.objects.all()} | {"system": "system"}
    own = {"hold": str(hold.pk)}
    for filters, expected in FILTERS:
        asked = filters | (own if filters.get("hold") == "own" else {})
        if "person" in filters:
            asked["person"] = people[filters["person"]]
        assert actions(admins_browser, **asked) == expected, filters


@pytest.mark.usefixtures("immediate_links")
def test_days_start_at_midnight_in_the_office(staff, admins_browser):
    """25 November starts in Rome at 23:00 UTC on the day before."""
    midnight = datetime(2025, 11, 24, 23, 0, tzinfo=UTC)
    for seconds in (-1, 0, 86399, 86400):
        sign_in(staff, at=midnight + timedelta(seconds=seconds))
    rows = log(admins_browser, since="2025-11-25", until="2025-11-25")
    assert [row[:24] for row in rows] == ["Tue 25 Nov 2025 23:59:59", "Tue 25 Nov 2025 00:00:00"]


INVALID = [
    ({"person": "999999"}, "person"),
    ({"person": "1 OR 1=1"}, "person"),
    ({"action": "nonsense"}, "action"),
    ({"outcome": "\x00"}, "outcome"),
    ({"since": "yesterday"}, "since"),
    ({"since": "0001-01-01"}, "since"),
    ({"until": "9999-12-31"}, "until"),
    ({"since": "2025-11-25", "until": "2025-11-24"}, "until"),
    ({"hold": "0"}, "hold"),
    ({"hold": "9" * 40}, "hold"),
    ({"event": "Consult"}, "event"),
    ({"before": "0"}, "before"),
    ({"before": "9" * 40}, "before"),
    ({"before": "one"}, "before"),
    ({"after": "-1"}, "after"),
]


def test_invalid_filters_are_marked(admins_browser):
    for filters, field in INVALID:
        response = admins_browser.get("/audit/", filters)
        assert (response.status_code, list(response.context["form"].errors)) == (422, [field])
        is_shown = 'class="errorlist"' in response.content.decode()
        assert (filters, is_shown) == (filters, field not in ("before", "after"))
        assert Page(response).rows == []


def test_search_that_takes_too_long_is_ended(admins_browser, monkeypatch):
    """Common filters with little in common would keep a thread busy for a minute."""

    def read_much(*_queries: object, **_options: object) -> None:
        with connection.cursor() as cursor:
            more = "SELECT i + 1 FROM n WHERE i < 3000000"
            cursor.execute(
                f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL {more}) SELECT max(i) FROM n"
            )

    monkeypatch.setattr(search, "MAX_SECONDS", 0.01)
    monkeypatch.setattr(search, "first_of", read_much)
    answer = admins_browser.get("/audit/", {"outcome": "ok"})
    assert answer.status_code == 422
    assert "This search takes too long. Choose fewer days." in answer.content.decode()
    assert admins_browser.get("/audit/news", {"outcome": "ok"}).status_code == 400


def test_search_takes_two_queries(mixed_log, staff, django_assert_num_queries):
    for conditions in (
        [Q()],
        [Q(actor=staff.pk), Q(action="extend"), Q(outcome="ok"), begun_between(NOON, None)],
        [search.without_outcome(after(900))],
    ):
        is_limited = connection.vendor == "postgresql" and any(conditions)
        around = 3 if is_limited else 0  # the transaction of the limit
        with django_assert_num_queries(2 + around):
            page = search.page(conditions, before=10**9, now=after(900))
            assert {line.client for line in page.lines} <= {"", "Client One"}
        assert len(page.lines) > 0


@pytest.mark.parametrize(
    ("chosen", "day"),
    [
        ({"last": "1"}, 25),
        ({"last": "7"}, 19),
        ({"last": "7", "since": "2025-11-22"}, 22),
        ({"last": "7", "since": "2025-11-02"}, 19),
    ],
)
def test_last_days_end_today(db, chosen, day):
    form = LogForm(chosen, now=NOON)
    assert form.is_valid()
    first_day = local_times.midnight(date(2025, 11, day))
    limit, _id = form.conditions()[-1].children
    assert limit.rhs.value == first_day
    assert form.chips[0].text in ("Last days: Today", "Last days: 7 days")


@pytest.mark.parametrize(
    ("find", "rest"),
    [
        ("Ada released", "find=Ada&action=release"),
        ('RELEASE "Ada L" event:7', "find=%22Ada+L%22+event%3A7&action=release"),
        ("move", "action=move"),  # the first of two
        ("hold Ada", None),  # of many actions
        ("-release action:release Ada", None),
        ("Ada refused", "find=Ada&outcome=refused"),
    ],
)
def test_word_that_names_an_action_or_outcome_leads_to_it(db, find, rest):
    form, chosen = (LogForm({"find": find, "action": each}, now=NOON) for each in ("", "place"))
    assert (form.is_valid(), chosen.is_valid()) == (True, True)
    assert (form.named_choice and form.named_choice.rest.lstrip("&")) == rest
    assert chosen.named_choice is None or "outcome" in chosen.named_choice.rest


def status_of(response) -> str:
    """Return the text that a screen reader announces."""
    said = re.search(r'role="status">(.*?)</p>', response.content.decode(), re.DOTALL)[1]
    return " ".join(re.sub("<[^>]*>", "", said).split())


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"action": "extend"}, "3 of 3 actions. Action: extended a hold"),
        (
            {"person": "system", "until": "2025-11-25"},
            "1 of 1 action. Person: the system · To day: Tue 25 Nov 2025",
        ),
        ({"action": "export"}, "No matching entries. Action: exported the log"),
        ({"since": "soon"}, "Error: the filter was not applied."),
    ],
)
def test_applied_filter_is_announced(mixed_log, admins_browser, filters, said):
    response = admins_browser.get("/audit/", filters)
    assert status_of(response) == said
    title = re.search(r"<title[^>]*>(.*?)</title>", response.content.decode(), re.DOTALL)[1]
    assert " ".join(title.split()).startswith("Error: Audit" if "Error" in said else "Audit")


def test_cut_list_counts_nothing(staff, admins_browser):
    for second in range(60):
        sign_in(staff, at=after(second))
    signed_in = {"action": "sign_in", "person": str(staff.pk)}
    said = "50 of many actions. Press “Older” for the rest. Person: staff · Action: signed in"
    assert status_of(admins_browser.get("/audit/", signed_in)) == said


def test_pages_lead_both_ways_and_show_each_action_once(staff, admins_browser, monkeypatch):
    monkeypatch.setattr(search, "PAGE_SIZE", 3)
    for second in range(10):
        sign_in(staff, at=after(second))
    conditions = [Q(actor=staff.pk), Q(action="sign_in")]

    def page(**place: int | None) -> search.Page:
        return search.page(conditions, now=after(99), **place)

    older = [page()]
    while older[-1].older:
        older.append(page(before=older[-1].older))
    seen = [line.at for each in older for line in each.lines]
    assert seen == [after(second) for second in reversed(range(10))]
    assert [each.newer is None for each in older] == [True, False, False, False]
    back = [older[-1]]
    while back[-1].newer:
        back.append(page(after=back[-1].newer))
    assert back[-1] == older[0]  # the newest page is whole
    assert [line.at.second for line in back[1].lines] == [3, 2, 1]
    answer = admins_browser.get("/audit/", {"action": "sign_in", "before": str(older[0].older)})
    links = Page(answer).links
    assert links["Newest"] == "?action=sign_in"
    assert links["Newer"] == f"?action=sign_in&after={older[1].newer}"


def test_kept_filters_name_people_and_language_of_today(staff, admin, admins_browser):
    def options() -> list[str]:
        html = admins_browser.get("/audit/", {"find": "words"}).content.decode()
        return re.findall(f'<option value="(?:|{staff.pk})"[^>]*>([^<]*)<', html)[:2]

    before = options()
    User.objects.filter(pk=staff.pk).update(first_name="Ada")
    renamed = options()
    Preferences.objects.create(user=admin, language="de")
    assert [before, renamed, options()] == [
        ["anyone", "staff"],
        ["anyone", "Ada (staff)"],
        ["alle", "Ada (staff)"],
    ]
