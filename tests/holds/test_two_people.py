"""Two people with one hold: nobody overwrites the other unknowingly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds import checks
from dashboard.holds.checks import Finding
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError, Outcome
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.cast import LATER, MONDAY, ONE
from tests.holds.concurrency import at_once, meanwhile

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = 1.0  # seconds that cal.com takes over a call
EVENING = MONDAY + timedelta(hours=5)


def slow(calcom: Sandbox, method: str, *, skip: int = 0) -> int:
    return calcom.faults.add(
        "delay", when="before", method=method, route=ONE, seconds=SLOW, skip=skip
    )


def struck(calcom: Sandbox, fault: int) -> Callable[[], bool]:
    return lambda: calcom.faults.hits(fault) == 1


def check(user: User, hold: Hold) -> checks.Checked:
    return checks.check(hold_id=hold.pk, by=cast.acting(user), now=timezone.now())


def causes(ends: list[object]) -> list[str]:
    return [end.cause for end in ends if isinstance(end, HoldError)]


def test_of_two_who_move_one_hold_at_once_one_is_told(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    hold = cast.place(staff)
    version = Hold.objects.get(pk=hold.pk).version

    ends = at_once(
        lambda: cast.move(staff, hold, LATER, version=version),
        lambda: cast.move(admin, hold, EVENING, version=version),
    )

    [moved] = [end for end in ends if isinstance(end, Hold)]
    assert len(causes(ends)) == 1
    assert set(causes(ends)) <= {"being_changed", "changed_meanwhile"}
    assert cast.rows(calcom) == [cast.register(hold)]
    assert cast.register(hold)[1] == moved.slot_start
    assert len(calcom.calls("PATCH")) == 1


def test_a_page_older_than_the_hold_changes_nothing(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    hold = cast.place(staff)
    seen = Hold.objects.get(pk=hold.pk).version
    cast.move(admin, hold, LATER, version=seen)
    before = cast.rows(calcom)

    with pytest.raises(HoldError) as late:
        cast.release(staff, hold, version=seen)

    assert (late.value.cause, late.value.status) == ("changed_meanwhile", 409)
    assert cast.rows(calcom) == before == [cast.register(hold)]
    assert calcom.calls("DELETE") == []


@pytest.mark.parametrize("verb", [cast.extend, cast.move, cast.release])
def test_a_second_verb_is_told_who_does_what(
    calcom: Sandbox, staff: User, admin: User, verb: Callable[..., Hold]
) -> None:
    hold = cast.place(staff)
    fault = slow(calcom, "PATCH")

    with meanwhile(lambda: cast.move(admin, hold), until=struck(calcom, fault)) as moving:
        with pytest.raises(HoldError) as told:
            verb(staff, hold)
        assert moving.result().slot_start == LATER

    assert told.value.problem.happened == "admin is moving this hold at this moment."
    assert told.value.problem.safe == "Your change was not started."
    assert (told.value.status, told.value.cause) == (409, "being_changed")
    assert cast.rows(calcom) == [cast.register(hold)]


def test_a_check_that_begins_during_a_park_is_told_of_it(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    hold = cast.place(staff)
    fault = slow(calcom, "PATCH", skip=2)  # the first is refused, the second parks

    with meanwhile(lambda: cast.extend(admin, hold), until=struck(calcom, fault)):
        assert cast.rows(calcom)[0][1] < MONDAY  # it is parked
        with pytest.raises(HoldError) as told:
            check(staff, hold)

    assert told.value.problem.happened == "admin is extending this hold at this moment."
    assert calcom.calls("GET", ONE) == []
    assert cast.rows(calcom) == [cast.register(hold)]
    assert cast.seconds_left(hold) > 1790


def test_a_check_under_way_before_a_park_takes_nothing_over(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    """The check reads the hold before the claim, and cal.com answers while it is parked."""
    hold = cast.place(staff)
    looks = slow(calcom, "GET")
    returns = calcom.faults.add(
        "delay", when="before", method="PATCH", route=ONE, seconds=2 * SLOW, skip=2
    )

    with (
        meanwhile(lambda: check(staff, hold), until=struck(calcom, looks)) as checking,
        meanwhile(lambda: cast.extend(admin, hold), until=struck(calcom, returns)),
    ):
        assert cast.rows(calcom)[0][1] < MONDAY
        assert checking.result().finding is Finding.CHANGED
        assert cast.register(hold)[1] == MONDAY
        assert cast.rows(calcom)[0][1] < MONDAY  # it was still parked

    assert cast.rows(calcom) == [cast.register(hold)]
    assert cast.register(hold)[1] == MONDAY
    assert cast.seconds_left(hold) > 1790


def test_a_check_of_many_takes_nothing_over_either(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    parked = cast.place(staff)
    calm = cast.place(staff, start=EVENING)
    looks = slow(calcom, "GET")
    returns = calcom.faults.add(
        "delay", when="before", method="PATCH", route=ONE, seconds=2 * SLOW, skip=2
    )

    def check_both() -> list[checks.Row]:
        return checks.check_many(
            hold_ids=[parked.pk, calm.pk], by=cast.acting(admin), now=timezone.now()
        )

    with (
        meanwhile(check_both, until=struck(calcom, looks)) as checking,
        meanwhile(lambda: cast.extend(staff, parked), until=struck(calcom, returns)),
    ):
        findings = {row.hold.pk: row.finding for row in checking.result()}
        told = check_both()

    assert findings[calm.pk] is Finding.SAME
    assert findings[parked.pk] in {Finding.CHANGED, Finding.SAME}
    assert [(row.error.cause if row.error else row.finding) for row in told] == [
        "being_changed",
        Finding.SAME,
    ]
    assert cast.register(parked)[1] == MONDAY
    assert sorted(cast.rows(calcom)) == sorted([cast.register(parked), cast.register(calm)])


def test_a_check_and_a_release_agree(calcom: Sandbox, staff: User, admin: User) -> None:
    hold = cast.place(staff)
    fault = slow(calcom, "GET")

    with meanwhile(lambda: check(admin, hold), until=struck(calcom, fault)) as checking:
        cast.release(staff, hold)
        assert checking.result().finding in {Finding.CHANGED, Finding.EXPIRED, Finding.GONE}

    assert Hold.objects.get(pk=hold.pk).state == Hold.State.RELEASED


def test_a_verb_slower_than_its_claim_writes_nothing(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    """Somebody else may be at work by then; what was sent is found out by settling."""
    hold = cast.place(staff)
    fault = slow(calcom, "PATCH")

    def robbed() -> bool:
        if calcom.faults.hits(fault) != 1:
            return False
        return bool(Hold.objects.filter(pk=hold.pk).update(claim_id=None, claim_until=None))

    with meanwhile(lambda: cast.move(staff, hold), until=robbed) as moving:
        error = moving.exception()

    assert isinstance(error, HoldError)
    assert (error.cause, error.outcome) == ("took_too_long", Outcome.UNKNOWN)
    assert cast.register(hold)[1] == MONDAY
    assert cast.story(hold)[-1] == ("outcome", "move", "", "unknown")


def test_staff_change_only_their_own_and_admins_everybodys(
    calcom: Sandbox, staff: User, colleague: User, admin: User
) -> None:
    hold = cast.place(staff)

    for verb in (cast.extend, cast.move, cast.release, check):
        with pytest.raises(HoldError) as told:
            verb(colleague, hold)
        assert (told.value.status, told.value.cause) == (403, "not_yours")
        assert told.value.problem.happened == "This hold belongs to staff."
    assert calcom.calls(route=ONE) == []
    assert cast.release(admin, hold).state == Hold.State.RELEASED
