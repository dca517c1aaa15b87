"""The catalogue: what each calendar lists, asked for once in a while and in parallel."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.calcom import Answer, CalcomError, Cause
from dashboard.calcom.endpoints import Call
from dashboard.calcom_state import calcom_client, rate_and_clock, shared_answers
from dashboard.calcom_state.models import StoredAnswer
from dashboard.calcom_state.shared_answers import NO_ROOM, UNDER_WAY
from dashboard.calendars import catalogue
from dashboard.calendars.catalogue import Catalogue
from dashboard.calendars.models import Calendar
from dashboard.sandbox import Sandbox
from tests.calendars.entries import CONSULT, FIRST_OF_ANNA, MEDICAL, NEXT_DOCTOR, entered
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db
ANNA, NURSE, SINGLE = "anna.rossi", "marek.dvorak", Calendar.Kind.EVENT_TYPE


def read(*, later: int = 0) -> Catalogue:
    """Return the catalogue so many seconds from now."""
    return catalogue.catalogue(now=timezone.now() + timedelta(seconds=later))


def ids(known: Catalogue) -> list[list[int]]:
    return [[each.id for each in calendar.event_types] for calendar in known.calendars]


def test_without_a_calendar_there_is_one_calendar_of_the_keys_own(calcom: Sandbox) -> None:
    [calendar] = read().calendars
    assert (calendar.pk, calendar.label, calendar.cause) == (None, "", "")
    assert CONSULT in [each.id for each in calendar.event_types]
    assert catalogue.last_known().calendars == ()


def test_calendars_are_in_the_order_of_positions(calcom: Sandbox) -> None:
    entered(ANNA)
    entered(str(MEDICAL), Calendar.Kind.TEAM)
    entered(str(CONSULT), SINGLE)
    known = read()
    assert [calendar.label for calendar in known.calendars] == [ANNA, "10", "1"]
    assert [len(calendar.event_types) for calendar in known.calendars] == [3, 5, 1]
    calendar, found = known.calendar_of(NEXT_DOCTOR), known.event_type(NEXT_DOCTOR)
    assert calendar is not None
    assert calendar.label == "10"
    assert found is not None
    assert [host.username for host in found.hosts][:2] == [ANNA, "jose.garcia"]
    assert (known.calendar_of(999), known.event_type(999)) == (None, None)


def test_event_type_with_a_calendar_of_its_own_is_in_no_other(calcom: Sandbox) -> None:
    entered(str(MEDICAL), Calendar.Kind.TEAM)
    entered(str(NEXT_DOCTOR), SINGLE)
    first, second = ids(read())
    assert NEXT_DOCTOR not in first
    assert second == [NEXT_DOCTOR]


def test_hidden_calendars_are_known_and_not_shown(calcom: Sandbox) -> None:
    calendar = entered(ANNA)
    Calendar.objects.filter(pk=calendar.pk).update(is_hidden=True)
    known = read()
    assert known.shown == ()
    assert known.calendar_of(FIRST_OF_ANNA) == known.calendars[0]


def test_calendar_is_asked_for_once_by_all(calcom: Sandbox) -> None:
    entered(ANNA)
    entered(NURSE)
    calcom.forget_calls()
    asked_at = StoredAnswer.objects.order_by("asked_at").values_list("asked_at", flat=True)
    first, last = asked_at.filter(name__startswith="calendar")
    for now in (last, first + timedelta(seconds=299)):
        assert [len(numbers) for numbers in ids(catalogue.catalogue(now=now))] == [3, 2]
    assert calcom.calls() == []
    catalogue.catalogue(now=last + timedelta(seconds=301))
    assert len(calcom.calls()) == 2


def test_event_types_of_one_person_are_asked_for_by_one_call(calcom: Sandbox) -> None:
    numbers = (FIRST_OF_ANNA, FIRST_OF_ANNA + 1)
    for number in numbers:
        entered(str(number), SINGLE)
    Calendar.objects.update(username=ANNA)
    calcom.forget_calls()
    assert ids(read(later=600)) == [[number] for number in numbers]
    assert [call.route for call in calcom.calls()] == ["/v2/event-types"]


def test_calendars_are_asked_for_in_parallel(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = (ANNA, NURSE, "tom.brown")
    for name in names:
        entered(name)
    client, together = calcom_client.client(), threading.Barrier(len(names))
    answer_to = client.answer_to

    def answer_together(call: Call[Any]) -> Answer[Any] | CalcomError:
        together.wait(PATIENCE)  # raises if the others are not under way
        return answer_to(call)

    monkeypatch.setattr(client, "answer_to", answer_together)
    assert [calendar.cause for calendar in read(later=301).calendars] == ["", "", ""]


def test_many_calendars_take_no_more_statements_where_cal_com_hangs(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_and_clock, "hangs", lambda: True)
    counts = []
    for number in (1, 9):
        for each in range(number):
            entered(f"{number}-{each}")
        read(later=number * 60)
        with CaptureQueriesContext(connection) as caught:
            assert {each.cause for each in read(later=number * 60 + 30).calendars} == {UNDER_WAY}
        counts.append(len(caught))
    assert counts[0] == counts[1]
    assert calcom.calls() == []


def test_only_what_no_other_request_asks_is_asked(calcom: Sandbox) -> None:
    entered(ANNA)
    entered(NURSE)
    before, now = timezone.now(), timezone.now() + timedelta(seconds=1)
    asked, free = map(catalogue.question, catalogue.in_order())
    rows = shared_answers.rows_of({asked.name, free.name}, now)
    StoredAnswer.objects.filter(name=asked.name).update(asked_at=before, is_under_way=True)
    assert shared_answers.first_to_ask([asked, free], rows, now) == [free]
    assert (rows[asked.name].asked_at, rows[asked.name].is_under_way) == (before, True)


def test_failure_keeps_the_last_list_and_says_so(calcom: Sandbox) -> None:
    entered(ANNA)
    before = ids(read())
    calcom.faults.add("500", method="GET", count=None)
    [calendar] = read(later=301).calendars
    assert ids(Catalogue((calendar,))) == before
    assert calendar.cause == Cause.SERVER_FAULT
    calcom.forget_calls()
    assert read(later=305).calendars[0].cause == Cause.SERVER_FAULT
    assert calcom.calls() == []
    calcom.faults.clear()
    assert read(later=312).calendars[0].cause == ""


def test_lists_are_not_asked_for_where_holds_need_the_allowance(calcom: Sandbox) -> None:
    for name in (ANNA, NURSE):
        entered(name)
    later = timezone.now() + timedelta(seconds=301)
    upstream = rate_and_clock.load()
    until = later + timedelta(seconds=60)
    upstream.learn(rate_limit=120, rate_remaining=41, rate_resets_at=until)
    rate_and_clock.save(upstream)
    calcom.forget_calls()

    known = catalogue.catalogue(now=later)

    assert [calendar.cause for calendar in known.calendars] == ["", NO_ROOM]
    assert [len(numbers) for numbers in ids(known)] == [3, 2]
    assert len(calcom.calls()) == 1


def test_answers_of_another_key_are_not_shown(calcom: Sandbox, settings: object) -> None:
    entered(ANNA)
    settings.CALCOM_API_KEY = "cal_mate0123456789"  # type: ignore[attr-defined]
    assert ids(catalogue.last_known()) == [[]]
    calcom.faults.add("500", method="GET", count=None)
    [calendar] = read().calendars
    assert (calendar.event_types, calendar.cause) == ((), Cause.SERVER_FAULT)


def test_event_type_of_a_colleague_is_found_in_the_lists(calcom: Sandbox) -> None:
    """cal.com's answer by id lacks it."""
    assert catalogue.event_type(FIRST_OF_ANNA) is None
    entered(ANNA)
    found = catalogue.event_type(FIRST_OF_ANNA)
    assert found is not None
    assert (found.title, found.hosts[0].name) == ("First appointment", "Dr Anna Rossi")
