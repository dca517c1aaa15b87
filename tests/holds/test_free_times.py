"""Free times are asked for once in half a minute, whoever and however many want them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from dashboard.calcom import Cause
from dashboard.holds import free_times, rate_and_clock
from dashboard.holds.free_times import NO_ROOM, UNDER_WAY, Span
from dashboard.holds.models import FreeTimes
from dashboard.sandbox import Sandbox
from tests import postgresql, serving
from tests.future_dates import day
from tests.holds.concurrency import at_once, meanwhile
from tests.parts import require
from tests.waiting import wait_for

SLOTS = "/v2/slots"
WEEK = Span(1, day(0), 7)
FULL_WEEK = 40  # hours from nine to five, five days
PROCESSES = 6
HALF_A_MINUTE = timedelta(seconds=30)


def asked(calcom: Sandbox) -> int:
    return len(calcom.calls(route=SLOTS))


def look(span: Span = WEEK, *, now: datetime | None = None) -> tuple[int, str]:
    found = free_times.listing(span, now=now or timezone.now())
    return len(found.slots), found.cause


def test_what_one_asked_the_others_read_for_half_a_minute(calcom: Sandbox, db: None) -> None:
    now = timezone.now()
    free = look(now=now)
    calcom.insert_hold(1, datetime.fromisoformat(f"{day(0)}T08:00Z"))

    later = [look(now=now + timedelta(seconds=seconds)) for seconds in (1, 29.9)]

    # The two bookings of the world take two hours of the Wednesday.
    assert [free, *later] == [(FULL_WEEK - 2, "")] * 3
    assert asked(calcom) == 1
    assert look(now=now + HALF_A_MINUTE)[1] == ""
    assert asked(calcom) == 2


def test_another_span_length_or_event_type_is_another_question(calcom: Sandbox, db: None) -> None:
    others = [
        Span(1, day(7), 7),
        Span(2, WEEK.first_day, 7),
        Span(2, WEEK.first_day, 7, 60),
        Span(1, WEEK.first_day, 28),
    ]
    for span in [WEEK, *others, WEEK, *others]:
        look(span)
    assert asked(calcom) == 5


@pytest.mark.django_db(transaction=True)
def test_many_people_at_once_cause_one_call(calcom: Sandbox) -> None:
    calcom.faults.add("delay", route=SLOTS, seconds=0.3)

    found = at_once(*[look] * 12)

    assert found == [(FULL_WEEK - 2, "")] * 12
    assert asked(calcom) == 1


@pytest.mark.django_db(transaction=True)
def test_the_colleagues_moment_a_little_ahead_of_ours_still_counts(calcom: Sandbox) -> None:
    now = timezone.now()
    look(now=now)
    assert look(now=now - timedelta(milliseconds=300)) == (FULL_WEEK - 2, "")
    assert asked(calcom) == 1


@pytest.mark.django_db(transaction=True)
def test_who_waits_too_long_for_a_colleague_is_told(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(free_times, "PATIENCE", 0.1)
    calcom.faults.add("delay", route=SLOTS, seconds=60)
    with meanwhile(look, until=FreeTimes.objects.exists) as first:
        wait_for(lambda: FreeTimes.objects.get().asked_at > timezone.now() - HALF_A_MINUTE)
        assert look() == (0, UNDER_WAY)
        calcom.faults.clear()
    assert first.result() == (FULL_WEEK - 2, "")
    assert asked(calcom) == 1


@pytest.mark.parametrize("fault", ["500", "502", "html", "truncated"])
def test_a_failure_is_kept_as_long_and_the_old_answer_with_it(
    calcom: Sandbox, db: None, fault: str
) -> None:
    start = timezone.now()
    look(now=start)
    calcom.faults.add(fault, route=SLOTS, count=None)
    later = start + HALF_A_MINUTE

    found = free_times.listing(WEEK, now=later)
    again = free_times.listing(WEEK, now=later + timedelta(seconds=29))

    assert (len(found.slots), found.cause != "") == (FULL_WEEK - 2, True)
    assert found.as_of is not None
    assert found.as_of < later
    assert found.again_at == later + HALF_A_MINUTE
    assert again == found
    assert asked(calcom) == 2


def test_an_event_type_that_nobody_knows_is_not_asked_again_and_again(
    calcom: Sandbox, db: None
) -> None:
    unknown = Span(999999, WEEK.first_day, 7)
    assert [look(unknown) for _ in range(5)] == [(0, Cause.UNKNOWN_EVENT_TYPE)] * 5
    assert asked(calcom) == 1


def test_what_never_reached_cal_com_is_tried_again_after_a_few_seconds(
    calcom: Sandbox, db: None, settings: pytest.FixtureRequest
) -> None:
    now = timezone.now()
    settings.CALCOM_API_URL = "http://127.0.0.1:9"
    assert look(now=now) == (0, Cause.NOT_SENT)
    settings.CALCOM_API_URL = calcom.url
    assert look(now=now + timedelta(seconds=4)) == (0, Cause.NOT_SENT)
    assert look(now=now + timedelta(seconds=5)) == (FULL_WEEK - 2, "")


def test_a_third_of_the_rate_is_left_to_actions(
    calcom: Sandbox, db: None, settings: pytest.FixtureRequest
) -> None:
    settings.CALCOM_API_KEY = "cal_owner0123456789"
    calcom.set_limit("cal_owner0123456789", 9)
    weeks = [Span(1, WEEK.first_day + timedelta(days=7 * n), 7) for n in range(9)]

    found = [look(week) for week in weeks]

    known = rate_and_clock.load()
    assert [cause for _, cause in found] == [""] * 6 + [NO_ROOM] * 3
    assert (asked(calcom), known.rate_remaining) == (6, 3)
    assert known.seconds_to_wait(3, timezone.now()) is None
    refused = free_times.listing(weeks[-1], now=timezone.now())
    assert timedelta(seconds=50) < refused.again_at - timezone.now() <= timedelta(seconds=61)


def test_without_room_the_stored_answer_is_shown_with_its_age(
    calcom: Sandbox, db: None, settings: pytest.FixtureRequest
) -> None:
    settings.CALCOM_API_KEY = "cal_owner0123456789"
    now = timezone.now()
    look(now=now)
    calcom.set_limit("cal_owner0123456789", 3)
    calcom.faults.add("429", route=SLOTS, seconds=60)
    look(Span(4, WEEK.first_day, 7), now=now)

    found = free_times.listing(WEEK, now=now + timedelta(seconds=40))

    assert (len(found.slots), found.cause) == (FULL_WEEK - 2, NO_ROOM)
    assert found.as_of is not None
    assert found.as_of - now < timedelta(seconds=5)


def test_old_rows_do_not_pile_up(calcom: Sandbox, db: None) -> None:
    long_ago = timezone.now() - timedelta(hours=2)
    FreeTimes.objects.create(event_type_id=4, first_day=WEEK.first_day, days=7, asked_at=long_ago)
    look()
    assert [row.event_type_id for row in FreeTimes.objects.all()] == [1]


@contextlib.contextmanager
def lookers(database_url: str, calcom: Sandbox) -> Iterator[list[subprocess.Popen[str]]]:
    variables = serving.environment(
        public_url="http://localhost", database_url=database_url, CALCOM_API_URL=calcom.url
    )
    serving.manage(variables, "migrate")
    command = [sys.executable, "-m", "tests.holds.free_times_reader", str(WEEK.first_day)]
    with contextlib.ExitStack() as running:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started = [
            subprocess.Popen(command, cwd=serving.PROJECT, env=variables, **pipes)  # type: ignore[call-overload]
            for _ in range(PROCESSES)
        ]
        for process in started:
            running.enter_context(process)
        assert [process.stdout.readline() for process in started] == ["ready\n"] * PROCESSES
        yield started


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_many_processes_cause_one_call(
    database: str, sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if database == "postgresql":
        require("PostgreSQL", postgresql.binaries())
        url = request.getfixturevalue("postgresql_url")
    else:
        url = f"sqlite:///{tmp_path / 'times.sqlite3'}"
    sandbox.faults.add("delay", route=SLOTS, seconds=0.3)
    with lookers(url, sandbox) as processes:
        for process in processes * 3:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        said = {p.stdout.readline() for p in processes * 3 if p.stdout is not None}

    [same] = said
    assert same.startswith(f"{FULL_WEEK - 2} ")
    assert asked(sandbox) == 1
