"""Two people change or check one hold: neither overwrites the other without knowing."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.trail import Outcome
from dashboard.holds import checks, operation
from dashboard.holds.checks import Comparison
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.holds.settle import settle_all
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import verbs
from tests.holds.concurrency import at_once, delayed
from tests.holds.factories import put
from tests.holds.observe import at_cal_com, audit_of, in_register, is_held_for
from tests.holds.verbs import CONSULT, LATER, MONDAY, ONE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("patient"),
]

EVENING = MONDAY + timedelta(hours=5)
# An extension sends three PATCHes: the first is refused, the second parks, the third returns.
PARKED = 2


def slot_start(hold: Hold) -> object:
    return Hold.objects.get(pk=hold.pk).slot_start


def is_parked(calcom: Sandbox) -> bool:
    return min(row.start for row in calcom.live_rows()) < MONDAY


def test_one_of_two_concurrent_moves_is_refused(calcom: Sandbox, staff: User, admin: User) -> None:
    hold = verbs.place(staff)
    version = Hold.objects.get(pk=hold.pk).version

    ends = at_once(
        lambda: verbs.move(staff, hold, LATER, version=version),
        lambda: verbs.move(admin, hold, EVENING, version=version),
    )

    [moved] = [end for end in ends if isinstance(end, Hold)]
    [refused] = [end for end in ends if isinstance(end, HoldError)]
    assert refused.cause in {"being_changed", "changed_meanwhile"}
    assert at_cal_com(calcom) == in_register(hold)
    assert slot_start(hold) == moved.slot_start
    assert len(calcom.calls("PATCH")) == 1


def test_outdated_version_changes_nothing(calcom: Sandbox, staff: User, admin: User) -> None:
    hold = verbs.place(staff)
    version = Hold.objects.get(pk=hold.pk).version
    verbs.move(admin, hold, LATER, version=version)
    before = at_cal_com(calcom)

    with pytest.raises(HoldError) as refused:
        verbs.release(staff, hold, version=version)

    assert (refused.value.cause, refused.value.status) == ("changed_meanwhile", 409)
    assert at_cal_com(calcom) == before == in_register(hold)
    assert calcom.calls("DELETE") == []


def test_second_who_asks_for_a_time_waits_two_seconds_and_is_told_who_asks(
    calcom: Sandbox, staff: User, colleague: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []  # seconds, which only count
    ticks = SimpleNamespace(monotonic=lambda: sum(slept), sleep=slept.append)
    monkeypatch.setattr(operation, "time", ticks)
    until = timezone.now() + timedelta(minutes=1)
    claim = {"claim_id": uuid4(), "claim_verb": "place", "claim_by": colleague}
    asking = {"asking_event_type": CONSULT, "asking_start": MONDAY, "asking_end": LATER}
    put(colleague, state=Hold.State.PLACING, claim_until=until, **claim, **asking)

    with pytest.raises(HoldError) as refused:
        verbs.place(staff)

    assert (refused.value.cause, refused.value.status) == ("being_asked", 409)
    assert str(colleague) in str(refused.value)
    assert 2.0 <= sum(slept) < 2.2
    assert calcom.calls("POST") == []


@pytest.mark.parametrize("verb", [verbs.extend, verbs.move, verbs.release])
def test_second_verb_is_told_who_does_what(
    calcom: Sandbox, staff: User, admin: User, verb: Callable[..., Hold]
) -> None:
    hold = verbs.place(staff)

    with delayed(calcom, lambda: verbs.move(admin, hold), "PATCH") as moving:
        with pytest.raises(HoldError) as refused:
            verb(staff, hold)
        assert moving.finish().slot_start == LATER

    error = refused.value
    assert (error.status, error.cause) == (409, "being_changed")
    assert error.happened == "admin is moving this hold right now."
    assert error.safe == "Your change was not started."
    assert at_cal_com(calcom) == in_register(hold)


def test_check_of_a_parked_hold_is_refused(calcom: Sandbox, staff: User, admin: User) -> None:
    hold = verbs.place(staff)
    started = timezone.now()

    with delayed(calcom, lambda: verbs.extend(admin, hold), "PATCH", skip=PARKED):
        assert is_parked(calcom)
        with pytest.raises(HoldError) as refused:
            verbs.check(staff, hold)

    assert refused.value.happened == "admin is extending this hold right now."
    assert calcom.calls("GET", ONE) == []
    assert at_cal_com(calcom) == in_register(hold)
    assert is_held_for(hold, 30, since=started)


def test_check_that_began_before_a_park_changes_nothing(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    """It read the hold before the claim, and cal.com answers while the hold is parked."""
    hold = verbs.place(staff)
    started = timezone.now()

    with (
        delayed(calcom, lambda: verbs.check(staff, hold), "GET") as checking,
        delayed(calcom, lambda: verbs.extend(admin, hold), "PATCH", skip=PARKED),
    ):
        assert is_parked(calcom)
        assert checking.finish().comparison is Comparison.CHANGED
        assert slot_start(hold) == MONDAY
        assert is_parked(calcom)

    assert at_cal_com(calcom) == in_register(hold)
    assert slot_start(hold) == MONDAY
    assert is_held_for(hold, 30, since=started)


def test_check_of_several_that_began_before_a_park_changes_nothing(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    parked = verbs.place(staff)
    calm = verbs.place(staff, start=EVENING)

    def check_both() -> list[checks.CheckResult]:
        return checks.check_many(
            hold_ids=[parked.pk, calm.pk], by=acting(admin), now=timezone.now()
        )

    with (
        delayed(calcom, check_both, "GET") as checking,
        delayed(calcom, lambda: verbs.extend(staff, parked), "PATCH", skip=PARKED),
    ):
        comparisons = {each.hold.pk: each.comparison for each in checking.finish()}
        second = check_both()

    # Either of the two GETs was delayed.
    assert comparisons[calm.pk] is Comparison.SAME
    assert comparisons[parked.pk] in {Comparison.CHANGED, Comparison.SAME}
    assert [each.error.cause if each.error else each.comparison for each in second] == [
        "being_changed",
        Comparison.SAME,
    ]
    assert slot_start(parked) == MONDAY
    assert at_cal_com(calcom) == in_register(parked, calm)


def test_check_that_began_before_a_release_changes_nothing(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    hold = verbs.place(staff)

    with delayed(calcom, lambda: verbs.check(admin, hold), "GET") as checking:
        verbs.release(staff, hold)
        assert checking.finish().comparison in {
            Comparison.CHANGED,
            Comparison.EXPIRED,
            Comparison.GONE,
        }

    assert Hold.objects.get(pk=hold.pk).state == Hold.State.RELEASED


def test_verb_that_outlasts_its_claim_writes_nothing(calcom: Sandbox, staff: User) -> None:
    """A colleague may be changing the hold by then; settling finds out what became of it."""
    hold = verbs.place(staff)

    with delayed(calcom, lambda: verbs.move(staff, hold), "PATCH") as moving:
        Hold.objects.filter(pk=hold.pk).update(claim_id=None, claim_until=None)
        with pytest.raises(HoldError) as late:
            moving.finish()

    assert (late.value.cause, late.value.outcome) == ("took_too_long", Outcome.UNKNOWN)
    assert slot_start(hold) == MONDAY
    assert audit_of(hold)[-1] == ("outcome", "move", "", "unknown")


def test_verb_that_outlasts_its_claim_has_its_hold_looked_at_again(
    calcom: Sandbox, staff: User
) -> None:
    """Others may have settled the hold before the late call landed at cal.com."""
    hold = verbs.place(staff)

    with delayed(calcom, lambda: verbs.move(staff, hold), "PATCH") as moving:
        Hold.objects.filter(pk=hold.pk).update(claim_id=None, claim_until=None, change=None)
        with pytest.raises(HoldError):
            moving.finish()
    assert Hold.objects.get(pk=hold.pk).is_left_half_way(timezone.now())
    settle_all(timezone.now())

    assert at_cal_com(calcom) == in_register(hold)
    assert slot_start(hold) == LATER
