"""First free: the free times of several calendars side by side."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from dashboard.accounts.models import User
from dashboard.calcom import EventType, EventTypeKind, Host
from dashboard.calcom_state import calcom_client, free_times, rate_and_clock, shared_answers
from dashboard.calcom_state.models import StoredAnswer
from dashboard.calcom_state.shared_answers import RESERVED_PART, TOGETHER
from dashboard.holds.models import Hold
from dashboard.pages import first_free
from dashboard.sandbox import Sandbox
from tests.future_dates import day, named
from tests.holds import verbs
from tests.holds.concurrency import answering_together, at_once
from tests.holds.verbs import COLLECTIVE, CONSULT, GROUP, MONDAY, ROUND_ROBIN, SHORT, STRANGERS
from tests.kept import forget_kept
from tests.pages.calendar_rows import calendar, event_type
from tests.pages.desk import desk, markup
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow  # details of a page: the fast lane has the contract

SLOTS = "/v2/slots"
LIMIT = 120  # calls a minute
PATH = f"/holds/first?day={day(0)}"
TIME_AND_LABELS = r"<(?:time|span class=.calendar)[^>]*>([^<]*)<"
BOTH = OWNER, STRANGER = Host(1, "Owner", "owner"), Host(3, "Stranger", "stranger")


def listed(number: int, title: str = "Talk", *, host: Host = OWNER) -> EventType:
    return event_type(number, title, hosts=(host,))


@pytest.fixture
def browser(calcom: Sandbox, staff: User) -> Client:
    """Return a browser at a desk of three calendars."""
    forget_kept()
    calendar("Dr Ada", listed(CONSULT), listed(SHORT, "Short"), listed(verbs.VARIABLE, "Short"))
    calendar("Dr Ben", listed(STRANGERS, host=STRANGER))
    calendar("All", event_type(ROUND_ROBIN, "Anyone", kind=EventTypeKind.ROUND_ROBIN, hosts=BOTH))
    calcom.forget_calls()
    return desk(staff)


def cells(page: HttpResponse) -> list[str]:
    """Return each time with whose it is."""
    found = re.findall(r'<a class="time".*?</a>', markup(page))
    return [" ".join(re.findall(TIME_AND_LABELS, cell)) for cell in found]


def fill_week(calcom: Sandbox, *event_types: int) -> None:
    """Hold all times of the week for others."""
    for each in event_types:
        for hours in range(-4, 24 * 5):
            calcom.insert_reservation(each, MONDAY + timedelta(hours=hours), minutes=60)


def day_shown(page: HttpResponse) -> str:
    return str(re.findall(r'<h2 id="shown">(.*?)</h2>', page.content.decode())[0])


def called(calcom: Sandbox) -> int:
    return len(calcom.calls(route=SLOTS))


def test_day_shows_each_time_with_whose_it_is(browser: Client, calcom: Sandbox) -> None:
    page = browser.get(PATH)

    first = ["09:00 Dr Ada", "09:00 Dr Ben", "09:00 All", "10:00 Dr Ada"]
    assert (cells(page)[:4], len(cells(page))) == (first, 24)
    assert called(calcom) == 3
    assert "<small>Talk</small>" in markup(page)
    assert "<small>Talk</small>" not in markup(browser.get(f"{PATH}&title=Talk"))


def test_week_names_the_first_two(browser: Client, calcom: Sandbox) -> None:
    page = browser.get(f"/holds/first?day={day(9)}&view=week")

    assert page.context["nav"]["back_url"] == f"{PATH}&view=week"
    assert cells(page)[0] == "09:00 Dr Ada Dr Ben"
    assert "and 1 more" in page.content.decode()
    assert called(calcom) == 3


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("", ["Dr Ada", "Dr Ben", "All"]),
        ("title=Talk", ["Dr Ada", "Dr Ben"]),
        ("title=Short", ["Dr Ada"]),
        (f"type={CONSULT}&type={SHORT}", ["Dr Ada", "Dr Ada"]),
        ("title=Nonsense", ["Dr Ada", "Dr Ben", "All"]),
        ("type=77", ["Dr Ada", "Dr Ben", "All"]),
    ],
)
def test_choice_of_calendars(browser: Client, query: str, labels: list[str]) -> None:
    found = cells(browser.get(f"{PATH}&{query}"))

    assert [cell[6:] for cell in found if cell.startswith("09:00")] == labels


def test_next_free_leads_to_the_form_with_the_time(browser: Client) -> None:
    kept = "offer=7&typed=1"
    answer = browser.get(f"/holds/first?next=yes&{kept}")

    form = rf"/holds/new\?{kept}&event_type_id={CONSULT}&slot_start=[-0-9T%A]+"
    assert (answer.status_code, bool(re.fullmatch(form, answer["Location"]))) == (303, True)
    assert browser.get(f"/holds/first?{kept}").context["back_url"] == f"/holds/new?{kept}"
    page = browser.get(answer["Location"].replace("offer=7&", "")).content.decode()
    assert re.search(r'<input[^>]*name="client_name"[^>]*autofocus', page)


@pytest.mark.parametrize(
    ("limits", "weeks"),
    [({}, 2), ({"MOST_WEEKS": 1}, 1), ({"monotonic": count(step=60).__next__}, 1)],
)
def test_search_goes_on_to_later_weeks_and_ends_on_a_day_that_it_read(
    browser: Client,
    calcom: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    limits: dict[str, Any],
    weeks: int,
) -> None:
    fill_week(calcom, CONSULT, STRANGERS)
    for name, value in limits.items():
        monkeypatch.setattr(first_free, name, value)

    page = browser.get(f"{PATH}&title=Talk&seek=yes")

    assert called(calcom) == 2 * weeks
    assert day_shown(page) == named(7 * (weeks - 1))


def test_nothing_is_asked_twice_by_two_people(
    browser: Client, calcom: Sandbox, colleague: User
) -> None:
    browser.get(PATH)
    desk(colleague).get(f"{PATH}&view=week")
    browser.get(f"/holds/new?event_type_id={CONSULT}&day={day(0)}")

    assert called(calcom) == 3


@pytest.mark.django_db(transaction=True)
def test_nothing_is_asked_twice_at_the_same_moment(
    calcom: Sandbox, staff: User, colleague: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_answers, "PATIENCE", PATIENCE)
    calendar("Dr Ada", listed(CONSULT))
    calendar("Dr Ben", listed(STRANGERS, host=STRANGER))
    calcom.faults.add("delay", route=SLOTS, count=None, seconds=0.3)

    browsers = [desk(user) for user in (staff, colleague)]
    pages = at_once(*[partial(browser.get, PATH) for browser in browsers])

    assert [len(cells(page)) for page in pages] == [16, 16]
    assert called(calcom) == 2


def test_cold_week_of_12_calendars_costs_12_calls_in_parallel(calcom: Sandbox, staff: User) -> None:
    forget_kept()
    numbers = [CONSULT, SHORT, STRANGERS, ROUND_ROBIN, COLLECTIVE, GROUP, *range(1001, 1007)]
    for number in numbers:
        calendar(f"Dr {number}", listed(number))

    with answering_together(calcom, SLOTS, TOGETHER):
        desk(staff).get(f"{PATH}&view=week")

    assert called(calcom) == 12


def test_slow_cal_com_is_not_asked_for_all_calendars(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_kept()
    for number in range(1001, 1001 + 3 * TOGETHER):
        calendar(f"Dr {number}", listed(number))
    later = count(calcom_client.PAGE_SECONDS + 1, calcom_client.PAGE_SECONDS)

    with answering_together(calcom, SLOTS, TOGETHER) as answers:
        clock = SimpleNamespace(monotonic=lambda: next(later) if answers.is_set() else 0.0)
        monkeypatch.setattr(shared_answers, "time", clock)
        page = desk(staff).get(PATH)

    assert page.status_code == 200
    assert called(calcom) == TOGETHER
    causes = [*StoredAnswer.objects.values_list("cause", flat=True)]
    assert causes.count("under_way") == 2 * TOGETHER


def test_search_does_not_pass_a_week_that_could_not_be_read_in_time(
    browser: Client, calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_week(calcom, CONSULT)
    monkeypatch.setattr(shared_answers, "TOGETHER", 1)
    monkeypatch.setattr(shared_answers, "BRIEF", free_times.FRESH_FOR)
    clock = count(step=calcom_client.PAGE_SECONDS * 2 / 3)  # time for the first call only
    monkeypatch.setattr(shared_answers, "time", SimpleNamespace(monotonic=lambda: next(clock)))

    page = browser.get(f"{PATH}&title=Talk&seek=yes")

    assert called(calcom) == 1
    assert day_shown(page) == named(0)
    assert "1 of 2 calendars shown" in page.content.decode()
    picker = browser.get(f"/holds/new?event_type_id={STRANGERS}&day={day(0)}").content.decode()
    assert "cal.com has not answered yet." in picker


def test_cut_by_the_allowance_is_said_with_the_wait(
    calcom: Sandbox, staff: User, settings: Any
) -> None:
    forget_kept()
    settings.CALCOM_API_KEY = "cal_owner0123456789"
    for number in (CONSULT, SHORT, GROUP):
        calendar(f"Dr {number}", listed(number))
    upstream = rate_and_clock.load()
    for _number in range(LIMIT - LIMIT // RESERVED_PART - 1):
        rate_and_clock.ask(upstream)
    rate_and_clock.save(upstream)

    page = desk(staff).get(PATH)

    said = re.findall(r"(\d+) of 3 calendars shown; the rest in (\d+) s\.", page.content.decode())
    delay = re.findall(r'hx-trigger="every (\d+)s"', page.content.decode())
    assert called(calcom) == 1
    assert (said[0][0], said[0][1], 0 < int(delay[0]) <= 62) == ("1", delay[0], True)
    assert {cell[6:] for cell in cells(page)} == {f"Dr {CONSULT}"}


def test_calendar_that_does_not_answer_leaves_the_others(browser: Client, calcom: Sandbox) -> None:
    calcom.faults.add("500", route=SLOTS, count=1)

    page = browser.get(PATH)

    assert "2 of 3 calendars shown" in page.content.decode()
    assert len(cells(page)) == 16


def test_search_goes_on_without_a_calendar_that_does_not_answer(
    browser: Client, calcom: Sandbox
) -> None:
    saturday = f"{day(5)}"
    calcom.faults.add("500", route=SLOTS, count=1)

    page = browser.get(f"/holds/first?day={saturday}&seek=yes")

    assert day_shown(page) == named(7)
    assert cells(page)


def test_time_of_a_person_held_by_another_event_type_is_left_out(
    browser: Client, colleague: User
) -> None:
    browser.get(PATH)
    verbs.place(colleague, event_type=SHORT)  # cal.com's list is older

    found = cells(browser.get(PATH))

    assert [cell for cell in found if cell.startswith("10:00")] == ["10:00 Dr Ben", "10:00 All"]
    picked = browser.get(f"/holds/new?event_type_id={CONSULT}&day={day(0)}")
    assert "10:00" not in re.findall(r"<time[^>]*>([^<]*)<", picked.content.decode())


def test_same_without_scripts_from_board_to_hold(browser: Client, calcom: Sandbox) -> None:
    board = browser.get("/").content.decode()
    assert 'href="/holds/first?next=yes"' in board
    form = browser.get("/holds/first?next=yes", follow=True).content.decode()
    fields = dict(re.findall(r'<input[^>]*name="(token|slot_start)"[^>]*value="([^"]*)"', form))

    answer = browser.post(
        "/holds/new", {**fields, "event_type_id": CONSULT, "client_name": "Grace", "asks": "yes"}
    )

    assert (answer.status_code, Hold.objects.get().client_name) == (303, "Grace")


def test_limits_and_pauses_apply(calcom: Sandbox, staff: User) -> None:
    forget_kept()
    own = calendar("Own", listed(CONSULT))
    calendar("Others", listed(SHORT))
    calendar("Away", listed(STRANGERS), is_paused=True).limited_people.add(staff)
    own.limited_people.add(staff)

    page = desk(staff).get(PATH)

    assert {cell[6:] for cell in cells(page)} == {"Own"}
    assert StoredAnswer.objects.filter(name__startswith="slots").count() == 1
