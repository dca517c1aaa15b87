"""The local clock is set: time alone ends no live hold before cal.com has told its time."""

import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom_state import clock, rate_and_clock
from dashboard.calcom_state.models import Upstream
from dashboard.holds import alteration, checks, explain, offer_decision, offers, services, settle
from dashboard.holds.change import Change
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import factories, verbs
from tests.holds.clocks import SetClock
from tests.holds.crash import KilledError, die
from tests.holds.observe import at_cal_com, in_register, is_held_for, states
from tests.holds.offers import offered
from tests.holds.verbs import MONDAY
from tests.pages.desk import desk

pytestmark = pytest.mark.slow  # details of verbs: the fast lane has test_verbs

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
MILLISECOND = SECOND / 1000


@pytest.mark.parametrize("hours", [2, -3])
def test_step_of_our_clock_ends_no_hold(
    calcom: Sandbox, staff: User, our_clock: SetClock, live: list[Hold], hours: int
) -> None:
    our_clock.ahead = hours * HOUR
    calcom.forget_calls()
    started = calcom.clock.now()

    browser = desk(staff)
    browser.get("/")
    assert states(*live) == ["held", "held"]
    shown = [browser.get(path)["X-Calcom-Now"] for path in ("/board", "/warnings")]
    within = 2 * SECOND + (calcom.clock.now() - started)
    assert all(abs(datetime.fromisoformat(at) - calcom.clock.now()) < within for at in shown)
    assert calcom.calls() == []

    settle.settle_all(timezone.now())
    assert states(*live) == ["held", "held"]
    assert len(calcom.calls()) == 1
    upstream = Upstream.objects.get()
    within = 2 * SECOND + (calcom.clock.now() - started)
    assert abs(upstream.cal_at(timezone.now()) - calcom.clock.now()) < within

    calcom.clock.shift(16 * 60)
    rate_and_clock.ask(upstream)
    rate_and_clock.save(upstream)
    settle.settle_all(timezone.now())
    assert states(*live) == ["expired", "held"]


def test_machine_that_slept_ends_holds_once_cal_com_has_told_its_time(
    calcom: Sandbox, our_clock: SetClock, live: list[Hold]
) -> None:
    our_clock.ahead = 2 * HOUR
    calcom.clock.shift(2 * 3600)

    assert settle.settle_times(timezone.now()) == 0
    settle.settle_all(timezone.now())

    assert states(*live) == ["expired", "expired"]


@pytest.mark.parametrize("hours", [2, -3])
def test_verb_after_a_step_asks_for_the_minutes_that_were_meant(
    calcom: Sandbox, staff: User, our_clock: SetClock, live: list[Hold], hours: int
) -> None:
    hold, _other = live
    real_start = timezone.now()
    our_clock.ahead = hours * HOUR

    verbs.extend(staff, hold, 30)

    assert at_cal_com(calcom) == in_register(*live)
    our_clock.ahead = timedelta()
    assert is_held_for(hold, 30, since=real_start - SECOND)


def test_step_during_a_verb_changes_none_of_its_ends(
    calcom: Sandbox,
    staff: User,
    our_clock: SetClock,
    live: list[Hold],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold, _other = live
    real_start = timezone.now()
    ask = explain.run

    def step_and_run(*args: Any, **more: Any) -> Any:
        our_clock.ahead = -3 * HOUR
        return ask(*args, **more)

    monkeypatch.setattr(explain, "run", step_and_run)
    verbs.extend(staff, hold, 30)

    assert at_cal_com(calcom) == in_register(*live)
    our_clock.ahead = timedelta()
    assert is_held_for(hold, 30, since=real_start - SECOND)


def test_hold_that_a_wrong_clock_ended_comes_back(
    calcom: Sandbox, our_clock: SetClock, live: list[Hold]
) -> None:
    Upstream.objects.update(clock_offset_ms=2 * 3_600_000)
    settle.settle_times(timezone.now())
    assert states(*live) == ["expired", "expired"]
    calcom.remove_reservations(live[1].reservation_uid)
    Upstream.objects.update(clock_offset_ms=0)

    settle.settle_all(timezone.now())

    assert states(*live) == ["held", "gone"]
    assert at_cal_com(calcom) == in_register(live[0])
    calcom.forget_calls()
    settle.settle_all(timezone.now())
    assert calcom.calls() == []


def test_unconfirmed_hold_that_a_wrong_clock_ended_comes_back(calcom: Sandbox, staff: User) -> None:
    end = timezone.now() + HOUR
    ended = {"state": "expired", "ended_at": end, "latest_end": end}
    hold = factories.put(staff, reservation_uid=None, held_until=None, **ended)

    settle.settle_all(timezone.now())

    assert states(hold) == ["unconfirmed"]


@pytest.mark.parametrize("is_new", [True, False])
def test_what_had_no_answer_while_the_clock_was_ahead_is_settled(
    calcom: Sandbox, staff: User, our_clock: SetClock, live: list[Hold], is_new: bool
) -> None:
    our_clock.ahead = 3 * HOUR
    calcom.faults.add("drop", when="before", count=None)
    with suppress(HoldError):
        if is_new:
            verbs.place(staff, start=MONDAY + 4 * HOUR)
        else:
            verbs.extend(staff, live[0], 30)
    calcom.faults.clear()
    our_clock.ahead = timedelta()
    for _ in range(2):
        settle.settle_all(timezone.now())

    hold = Hold.objects.order_by("-changed_at")[0]
    end = hold.latest_end if is_new else Change.from_json(hold.change).settled_by
    assert end is not None
    assert end < timezone.now() + HOUR


def test_claim_that_ends_too_far_ahead_is_over(calcom: Sandbox, staff: User) -> None:
    """It was made before the local clock was set back."""
    now = timezone.now()
    claim = {"claim_id": uuid.uuid4(), "claim_verb": "extend", "asking_event_type": verbs.CONSULT}
    hold = factories.put(staff, **claim, claim_until=now + 3 * HOUR)

    assert not hold.is_claimed(now)
    verbs.place(staff, start=MONDAY + HOUR * 4)
    settle.settle_times(now)
    hold.refresh_from_db()
    assert hold.claim_id is None


def test_longest_claim_covers_every_verb() -> None:
    calls = [
        services.PLACE_CALLS,
        services.RELEASE_CALLS,
        alteration.PARK_AND_RETURN_CALLS,
        alteration.NEW_FIRST_CALLS,
        alteration.RETAKE_CALLS,
        offer_decision.CALLS,
    ]

    assert max(calls) <= clock.MOST_CALLS


def test_pauses_from_before_a_step_back_are_over(
    calcom: Sandbox, staff: User, our_clock: SetClock, live: list[Hold]
) -> None:
    Upstream.objects.update(blocked_until=timezone.now() + MINUTE, rate_remaining=0)
    our_clock.ahead = -3 * HOUR

    verbs.release(staff, live[0])

    assert states(*live) == ["released", "held"]


def test_process_of_a_machine_started_anew_asks_before_it_ends_holds(
    calcom: Sandbox, our_clock: SetClock, live: list[Hold], monkeypatch: pytest.MonkeyPatch
) -> None:
    Upstream.objects.update(clock_boot_id="before the start")
    monkeypatch.setattr(clock, "_bases", clock.Bases())
    our_clock.ahead = 2 * HOUR

    settle.settle_times(timezone.now())
    assert states(*live) == ["held", "held"]
    settle.settle_all(timezone.now())
    assert states(*live) == ["held", "held"]
    assert rate_and_clock.is_trusted(rate_and_clock.load())


def test_start_with_another_address_asks_before_it_ends_holds(
    calcom: Sandbox, our_clock: SetClock, live: list[Hold], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sandbox for training, for one, may have another clock."""
    ahead = 4 * HOUR
    Upstream.objects.update(
        source="another",
        clock_offset_ms=ahead // MILLISECOND,
        answered_at=calcom.clock.now() + ahead,
    )
    monkeypatch.setattr(clock, "_bases", clock.Bases())

    settle.settle_times(timezone.now())
    assert states(*live) == ["held", "held"]
    settle.settle_all(timezone.now())
    assert states(*live) == ["held", "held"]
    upstream = rate_and_clock.load()
    assert abs(upstream.cal_now(timezone.now()) - calcom.clock.now()) < 2 * SECOND


def test_many_verbs_ask_once_for_a_time_that_does_not_come(
    calcom: Sandbox, staff: User, our_clock: SetClock, live: list[Hold]
) -> None:
    our_clock.ahead = 2 * HOUR
    calcom.forget_calls()
    calcom.faults.add("drop", when="before", count=None)

    hold_ids = [hold.pk for hold in live]
    checks.check_many(hold_ids=hold_ids, by=acting(staff), now=timezone.now())

    asked = [call.route for call in calcom.calls() if call.route == verbs.EVENT_TYPE]
    assert len(asked) == 1
    assert states(*live) == ["held", "held"]


def test_offer_whose_decision_died_before_a_step_back_takes_more_times(
    calcom: Sandbox, staff: User
) -> None:
    offer, [first, *_others] = offered(staff)
    until = timezone.now() + 3 * HOUR
    claim = {"claim_id": uuid.uuid4(), "claim_verb": offers.DECIDING, "claim_until": until}
    Hold.objects.filter(pk=first.pk).update(**claim)

    offers.lock_undecided(offer, now=timezone.now())


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("verb", [explain.run, die])
def test_end_of_an_unanswered_hold_waits_for_an_answer_after_a_step_back(
    calcom: Sandbox,
    staff: User,
    our_clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
    verb: Any,
) -> None:
    calcom.faults.add("drop", when="before", count=None)
    our_clock.ahead = -3 * HOUR
    monkeypatch.setattr(explain, "run", verb)
    with pytest.raises((HoldError, KilledError)):
        verbs.place(staff, start=MONDAY + 4 * HOUR)

    later = timezone.now() + MINUTE * 5
    settle.settle_times(later)
    settle.settle_times(later)
    hold = Hold.objects.get(slot_start=MONDAY + 4 * HOUR)
    assert (hold.state, hold.latest_end) == ("unconfirmed", None)

    calcom.faults.clear()
    calcom.clock.shift(5)
    settle.settle_all(later)
    hold.refresh_from_db()
    assert hold.latest_end is not None
    assert hold.latest_end > calcom.clock.now() + 15 * MINUTE
