"""The ways to extend and move where cal.com does not make it easy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Hold, Upstream
from dashboard.holds.problems import HoldError, Outcome
from dashboard.sandbox import Sandbox
from tests.future_dates import day
from tests.holds import cast
from tests.holds.cast import ALL, CONSULT, LATER, MONDAY, ONE, ROUND_ROBIN
from tests.holds.desk import desk

EVENT_TYPE = "/v2/event-types/{id}"
KEY = "cal_ownerfast0123456789"


def refused(user: User, hold: Hold, minutes: int = 30, **more: bool) -> HoldError:
    with pytest.raises(HoldError) as told:
        cast.extend(user, hold, minutes, **more)
    return told.value


def state(hold: Hold) -> tuple[str, str, object]:
    now = Hold.objects.get(pk=hold.pk)
    return now.state, now.end_reason, now.change


def sent(calcom: Sandbox) -> list[tuple[str, int | None]]:
    """The calls about reservations since the last time they were forgotten."""
    return [(c.method, c.status) for c in calcom.calls() if c.route in (ALL, ONE)]


@pytest.fixture
def unreadable(calcom: Sandbox) -> Iterator[None]:
    """Nobody can read what kind an event type is."""
    calcom.faults.add("500", route=EVENT_TYPE, count=None)
    cache.clear()
    yield
    cache.clear()


def refuse_parking(calcom: Sandbox) -> None:
    """Strangers stand wherever the hold would be parked."""
    calcom.faults.add("stranger", method="PATCH", route=ONE, skip=1, count=2)


def test_two_refused_parking_places_offer_a_retake(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    before = cast.register(hold)
    refuse_parking(calcom)
    calcom.forget_calls()

    error = refused(staff, hold)

    assert (error.retake, error.status, error.outcome) == (True, 409, Outcome.REFUSED)
    assert sent(calcom) == [("PATCH", 422)] * 3
    assert cast.register(hold) == before
    assert before in cast.rows(calcom)
    assert state(hold) == ("held", "", None)


def test_an_agreed_retake_has_a_new_uid(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    before = cast.register(hold)
    refuse_parking(calcom)
    calcom.forget_calls()

    answer = desk(staff).post(
        f"/holds/{hold.pk}/extend", {"reservation_duration": 30, "retake": "yes"}
    )

    assert (answer.status_code, answer["Location"]) == (303, f"/holds/{hold.pk}/")
    assert sent(calcom) == [("PATCH", 422)] * 3 + [("DELETE", 200), ("POST", 201)]
    assert cast.register(hold) in cast.rows(calcom)
    assert before not in cast.rows(calcom)
    assert cast.register(hold)[:2] == before[:2]
    assert cast.register(hold)[2] != before[2]
    assert cast.seconds_left(hold) > 1790


def test_a_time_taken_in_the_gap_of_a_retake_is_lost(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    refuse_parking(calcom)
    calcom.faults.add("stranger", method="POST", route=ALL)

    error = refused(staff, hold, retake=True)

    assert error.problem.happened == (
        "The hold is lost: someone else reserved the time while it was being changed."
    )
    assert state(hold) == ("lost", "already_reserved", None)


@pytest.mark.parametrize(
    ("kind", "cause", "happened"),
    [
        (
            "stranger",
            "already_reserved",
            "The hold is lost: someone else reserved the time while it was being changed.",
        ),
        (
            "stranger-books",
            "already_booked",
            "The hold is lost: the time is booked at cal.com, perhaps since before this change.",
        ),
    ],
)
def test_a_time_taken_while_the_hold_is_parked_is_lost(
    calcom: Sandbox, staff: User, kind: str, cause: str, happened: str
) -> None:
    hold = cast.place(staff)
    uid = Hold.objects.get(pk=hold.pk).reservation_uid
    calcom.faults.add(kind, when="after", method="PATCH", route=ONE, skip=1)

    error = refused(staff, hold)

    assert (error.problem.happened, error.status) == (happened, 409)
    assert state(hold) == ("lost", cause, None)
    assert uid not in [row.uid for row in calcom.rows()]  # what was parked is deleted


def test_round_robin_is_never_parked(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff, event_type=ROUND_ROBIN)
    calcom.forget_calls()

    cast.extend(staff, hold)
    cast.move(staff, hold, MONDAY + timedelta(minutes=30))

    assert calcom.calls("PATCH") == []
    assert cast.rows(calcom) == [cast.register(hold)]


@pytest.mark.parametrize("believed", [False, True])
@pytest.mark.usefixtures("unreadable")
def test_an_unknown_kind_is_never_parked(calcom: Sandbox, staff: User, *, believed: bool) -> None:
    """It may be round robin; also where the self-overlap is known by now."""
    hold = cast.place(staff)
    known = timezone.now() + timedelta(hours=1) if believed else None
    Upstream.objects.update(self_overlap_until=known)
    calcom.forget_calls()

    error = refused(staff, hold)

    assert error.retake is True
    assert [row.start for row in calcom.rows()] == [MONDAY]
    date = str(day(0)).encode()
    assert [call.request.body.count(date) for call in calcom.calls("PATCH")] == [1]
    assert cast.extend(staff, hold, 30, retake=True).state == "held"


def test_an_expired_hold_is_revived_in_place(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff, minutes=1)
    before = cast.register(hold)
    calcom.clock.shift(61)
    Upstream.objects.update(clock_offset_ms=61_000)
    desk(staff).get("/")
    assert state(hold)[0] == "expired"
    calcom.forget_calls()

    cast.extend(staff, hold, 20)

    assert sent(calcom) == [("PATCH", 200)]
    assert cast.register(hold) == before
    assert (state(hold)[0], cast.rows(calcom)) == ("held", [before])


def test_an_expired_hold_whose_time_is_taken_stays_expired(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff, minutes=1)
    calcom.clock.shift(61)
    Upstream.objects.update(clock_offset_ms=61_000)
    calcom.insert_hold(CONSULT, MONDAY)

    error = refused(staff, hold)

    assert (error.status, error.problem.safe) == (409, "This hold is no longer live.")


def test_the_belief_in_the_self_overlap_ends(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    cast.extend(staff, hold, 30)
    believed = Upstream.objects.get().self_overlap_until
    assert believed is not None
    Upstream.objects.update(self_overlap_until=timezone.now() - timedelta(seconds=1))
    calcom.forget_calls()

    cast.extend(staff, hold, 40)

    assert [status for _, status in sent(calcom)] == [422, 200, 200]


def test_a_verb_starts_only_when_the_rate_covers_it(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    calcom.set_limit(KEY, 6)
    cast.services.event_types.cache.clear()
    looked = desk(staff).post(f"/holds/{hold.pk}/check")  # tells us what is left: 5
    assert looked.status_code == 303
    calcom.forget_calls()

    answer = desk(staff).post(f"/holds/{hold.pk}/extend", {"reservation_duration": 30})

    assert (answer.status_code, 0 < int(answer["Retry-After"]) <= 60) == (503, True)
    assert calcom.calls() == []
    assert cast.rows(calcom) == [cast.register(hold)]
    assert desk(staff).post(f"/holds/{hold.pk}/release").status_code == 303  # two calls fit


def test_a_block_is_obeyed_without_sending(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    calcom.faults.add("429", method="PATCH", route=ONE, seconds=30)
    with pytest.raises(HoldError):
        cast.move(staff, hold)
    calcom.forget_calls()
    cache.clear()
    browser = desk(staff)

    answers = [
        browser.post(f"/holds/{hold.pk}/{verb}", {"reservation_duration": 30, "uid": "abc"})
        for verb in ("check", "extend", "release")
    ]
    answers.append(browser.post("/look-up", {"uid": "abc"}))
    answers.append(
        browser.post("/holds/new", {"event_type_id": CONSULT, "slot_start": LATER.isoformat()})
    )

    assert [a.status_code for a in answers] == [503] * 5
    assert {int(a["Retry-After"]) for a in answers} <= {29, 30}
    assert calcom.calls() == []


def test_what_one_process_only_read_does_not_undo_what_another_learnt(
    calcom: Sandbox, staff: User
) -> None:
    """A verb that began before a block must not lift it at its end."""
    hold = cast.place(staff)
    upstream = cast.services.rate_and_clock
    known = upstream.load()
    other = upstream.load()
    blocked = timezone.now() + timedelta(seconds=60)
    other.learn(blocked_until=blocked)
    upstream.save(other)

    known.learn(self_overlap_until=timezone.now())
    upstream.save(known)

    assert Upstream.objects.get().blocked_until == blocked
    assert refused(staff, hold).status == 503


@pytest.mark.parametrize("ahead", [-90, 90])
def test_time_is_cal_coms(calcom: Sandbox, staff: User, ahead: int) -> None:
    """Whatever our own clock says: live, run out and told by theirs."""
    calcom.clock.shift(ahead)
    hold = cast.place(staff, minutes=2)
    placed = Hold.objects.get(pk=hold.pk)
    now = timezone.now()
    theirs = Upstream.objects.get().at(now)
    assert placed.held_until is not None

    assert abs((theirs - now).total_seconds() - ahead) < 1.5
    assert placed.is_live(theirs)
    assert not placed.is_live(theirs + timedelta(seconds=122))
    assert 118 < (placed.held_until - theirs).total_seconds() < 122
    settled = cast.services.rate_and_clock.Upstream.objects.get()
    assert settled.at(now) == theirs
    calcom.clock.shift(121)
    Upstream.objects.update(clock_offset_ms=(ahead + 121) * 1000)
    desk(staff).get("/")
    ended = Hold.objects.get(pk=hold.pk)
    assert (ended.state, ended.ended_at) == ("expired", placed.held_until)


def test_a_delete_refused_after_silence_may_still_have_been_done(
    calcom: Sandbox, staff: User
) -> None:
    hold = cast.place(staff)
    calcom.faults.add("drop", when="after", method="DELETE", route=ONE)
    calcom.faults.add("429", method="DELETE", route=ONE, skip=1, count=None, seconds=20)

    with pytest.raises(HoldError) as told:
        cast.release(staff, hold)

    assert told.value.outcome == Outcome.UNKNOWN
    assert "is unchanged" not in told.value.problem.safe
