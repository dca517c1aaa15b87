"""Ends of holds are moments on cal.com's clock, however far it is from this server's."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom import Answer, Reservation, pending_call
from dashboard.calcom.types import Exchange, Rate
from dashboard.calcom_state import rate_and_clock
from dashboard.calcom_state.clock import Clock
from dashboard.calcom_state.models import Upstream
from dashboard.holds import settle
from dashboard.holds.change import Change, Location, Phase
from dashboard.holds.checks import Comparison
from dashboard.holds.models import Hold
from dashboard.holds.slots import SlotHold
from dashboard.sandbox import Sandbox
from tests.holds import clocks, verbs
from tests.holds.observe import at_cal_com, in_register, states
from tests.holds.verbs import CONSULT, LATER, MONDAY, ONE

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


def held_until(hold: Hold) -> datetime:
    moment = Hold.objects.get(pk=hold.pk).held_until
    assert moment is not None
    return moment


@pytest.mark.parametrize(
    ("more", "is_believed"),
    [
        ({"status": 502}, False),
        ({"status": 504, "request_id": "5f1c7a52"}, False),
        ({"status": 200}, False),
        ({"request_id": "5f1c7a52"}, True),
        ({"rate": Rate(120, 119, 60)}, True),
    ],
)
def test_clock_is_learnt_only_from_cal_com_itself(
    db: None, more: dict[str, Any], *, is_believed: bool
) -> None:
    """An error page has the clock of a proxy, which could end every hold."""
    upstream, now = rate_and_clock.load(), timezone.now()
    date = (now + 10 * MINUTE).replace(microsecond=0)
    exchange = replace(Exchange("GET", ONE, now, now, 1, 200, server_date=date), **more)

    rate_and_clock.learn(upstream, Answer(None, exchange))

    assert (upstream.clock_offset_ms > 590_000) is is_believed


def test_clock_of_an_action_goes_on_while_the_machine_sleeps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After an hour of sleep its claim is over, and another may have changed the hold."""
    now = timezone.now()
    clock = Clock(now)
    clocks.follow(monkeypatch.setattr, HOUR.total_seconds)
    assert (clock.now() >= now + HOUR, clock.has_stepped()) == (True, False)


@pytest.mark.parametrize("ahead", [-90, 90])
def test_hold_lives_and_expires_by_the_clock_of_cal_com(
    calcom: Sandbox, staff: User, ahead: int
) -> None:
    calcom.clock.shift(ahead)
    started = timezone.now()
    hold = verbs.place(staff, minutes=2)
    upstream = Upstream.objects.get()

    # ``Date`` is in whole seconds, and was written at some moment of the call.
    wrong_by = upstream.clock_offset_ms / 1000 - ahead
    assert abs(wrong_by) * SECOND <= SECOND + (timezone.now() - started)
    cal_now = upstream.cal_at(timezone.now())
    assert [hold.is_live(cal_now + n * SECOND) for n in (0, 122)] == [True, False]
    Upstream.objects.update(clock_offset_ms=(ahead + 121) * 1000)
    settle.settle_times(timezone.now())
    ended = Hold.objects.get()
    assert (ended.state, ended.ended_at) == ("expired", held_until(hold))


@pytest.mark.parametrize("ahead", [-600, 3_000_000])
def test_verbs_work_with_clocks_minutes_or_weeks_apart(
    calcom: Sandbox, staff: User, ahead: int
) -> None:
    calcom.clock.shift(ahead)
    started = timezone.now() + ahead * SECOND
    hold = verbs.place(staff, minutes=5)
    verbs.extend(staff, hold, 8)
    verbs.extend(staff, hold, None, add=5)
    verbs.move(staff, hold)
    verbs.move(staff, hold, LATER + MINUTE * 30)

    # Three of them round up to a whole minute.
    end = held_until(hold)
    latest = timezone.now() + ahead * SECOND + 16 * MINUTE
    assert started + 13 * MINUTE - 3 * SECOND <= end <= latest + 3 * SECOND
    assert at_cal_com(calcom) == in_register(hold)
    in_time, late = (end - ahead * SECOND + n * 3 * SECOND for n in (-1, 1))
    assert [settle.settle_times(moment) for moment in (in_time, late)] == [0, 1]
    assert Hold.objects.get().ended_at == end


def test_wrong_date_during_a_verb_holds_for_no_longer(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = verbs.place(staff)
    read = pending_call.date_of
    monkeypatch.setattr(pending_call, "date_of", lambda headers: read(headers) - 10_000 * HOUR)

    verbs.extend(staff, hold, 30)

    assert held_until(hold) < timezone.now() + 31 * MINUTE
    assert at_cal_com(calcom) == in_register(hold)


@pytest.mark.parametrize("jump", [-600, 600])
def test_jump_of_the_clock_is_followed_and_undone_by_a_check(
    calcom: Sandbox, staff: User, jump: int
) -> None:
    """cal.com decides by its clock: once that is right again, it still has the reservation."""
    hold = verbs.place(staff, minutes=5)
    other = verbs.place(staff, start=LATER, minutes=60)
    end = held_until(hold)

    calcom.clock.shift(jump)
    verbs.check(staff, other)
    settle.settle_times(timezone.now())
    assert states(hold) == ["expired" if jump > 0 else "held"]
    calcom.clock.shift(-jump)
    verbs.check(staff, other)
    settle.settle_times(timezone.now())

    assert verbs.check(staff, hold).comparison is Comparison.SAME
    assert (states(hold), held_until(hold)) == (["held"], end)


def test_less_precise_end_is_no_difference(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    end = held_until(hold)
    Hold.objects.update(held_until=end - timedelta(microseconds=end.microsecond or 1))

    checked = verbs.check(staff, hold)

    assert (checked.comparison, checked.hold.held_until) == (Comparison.SAME, end)


def test_less_precise_end_is_no_extension() -> None:
    origin = SlotHold(CONSULT, LATER, LATER + HOUR, None, MONDAY)
    target = replace(origin, held_until=MONDAY + HOUR)
    change = Change("extend", Phase.PATCHING, origin, target, MONDAY)
    end = MONDAY - timedelta(milliseconds=419)
    found = Reservation(CONSULT, LATER, LATER + HOUR, 60, end, None, "uid")

    assert change.locate(found) is Location.ORIGIN
    assert change.locate(replace(found, reservation_until=MONDAY + HOUR)) is Location.TARGET


def test_place_of_a_hold_is_told_by_its_length_where_that_changes() -> None:
    """Its end may be the same at both, or another one that was asked for outside Holdfast."""
    origin = SlotHold(CONSULT, LATER, LATER + HOUR, None, MONDAY)
    wider = replace(origin, slot_end=LATER + 2 * HOUR)
    nearby = replace(wider, slot_start=LATER + HOUR / 2)
    found = Reservation(CONSULT, LATER, LATER + HOUR, 60, MONDAY, None, "uid")
    at_wider = replace(found, slot_end=wider.slot_end)
    cases = [
        (wider, found, Location.ORIGIN),
        (wider, replace(found, reservation_until=MONDAY + HOUR), Location.ORIGIN),
        (wider, at_wider, Location.TARGET),
        (wider, replace(at_wider, reservation_until=MONDAY + HOUR), Location.TARGET),
        # Its event type has another length by now.
        (nearby, replace(found, slot_start=nearby.slot_start), Location.TARGET),
    ]

    located = [Change("move", Phase.PATCHING, origin, to, MONDAY).locate(at) for to, at, _ in cases]

    assert located == [location for *_, location in cases]
