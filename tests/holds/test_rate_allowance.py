"""A verb starts only when the last known rate allowance covers its calls."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom_state import rate_and_clock
from dashboard.calcom_state.models import Upstream
from dashboard.holds import checks, services, settle
from dashboard.holds.change import Change, Phase
from dashboard.holds.claims import SlotGuard
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register
from tests.holds.verbs import CONSULT, KEY, LATER, MONDAY, ONE
from tests.kept import forget_kept
from tests.pages.desk import desk

MINUTE = timedelta(minutes=1)


def change_elsewhere(hold: Hold, until: datetime) -> None:
    """Let a colleague be extending this hold."""
    Hold.objects.filter(pk=hold.pk).update(
        claim_id=uuid.uuid4(), claim_verb="extend", claim_until=until
    )


def test_verb_starts_only_when_the_allowance_covers_it(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    calcom.set_limit(KEY, 6)
    verbs.check(staff, hold)  # tells how many calls are left: 5
    calcom.forget_calls()

    answer = desk(staff).post(f"/holds/{hold.pk}/extend", {"reservation_duration": 30})

    assert (answer.status_code, 0 < int(answer["Retry-After"]) <= 60) == (503, True)
    assert calcom.calls() == []
    assert at_cal_com(calcom) == in_register(hold)
    assert verbs.release(staff, hold).state == "released"  # two calls fit


def test_block_is_obeyed_without_a_call(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    calcom.faults.add("429", method="PATCH", route=ONE, seconds=300)
    with pytest.raises(HoldError):
        verbs.move(staff, hold)
    calcom.forget_calls()
    forget_kept()
    browser = desk(staff)
    blocked_until = Upstream.objects.get().blocked_until
    assert blocked_until is not None

    started = timezone.now()
    answers = [
        browser.post(f"/holds/{hold.pk}/{verb}", {"reservation_duration": 30})
        for verb in ("check", "extend", "release")
    ]
    answers.append(browser.post("/look-up", {"uid": "abc"}))
    answers.append(
        browser.post("/holds/new", {"event_type_id": CONSULT, "slot_start": LATER.isoformat()})
    )
    left = blocked_until - timezone.now()

    assert [answer.status_code for answer in answers] == [503] * 5
    waits = [int(answer["Retry-After"]) for answer in answers]
    assert waits == sorted(waits, reverse=True)
    assert left.total_seconds() <= waits[-1]
    assert waits[0] <= (blocked_until - started).total_seconds() + 1
    assert calcom.calls() == []


def test_block_outlasts_a_verb_that_began_before_it(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    mine, other = rate_and_clock.load(), rate_and_clock.load()
    blocked_until = timezone.now() + MINUTE
    other.learn(blocked_until=blocked_until)
    rate_and_clock.save(other)

    mine.learn(self_overlap_until=timezone.now())
    rate_and_clock.save(mine)

    assert Upstream.objects.get().blocked_until == blocked_until
    with pytest.raises(HoldError) as refused:
        verbs.extend(staff, hold)
    assert refused.value.status == 503


@pytest.mark.parametrize(
    ("remaining", "limit", "starts"), [(13, 120, False), (14, 120, True), (9, 9, True)]
)
def test_calls_of_colleagues_are_left_for_them(
    calcom: Sandbox, staff: User, colleague: User, *, remaining: int, limit: int, starts: bool
) -> None:
    """After a 429 between parking and return the time would be anyone's for a minute."""
    hold, other = verbs.place(staff), verbs.place(colleague, start=LATER)
    resets_at = timezone.now() + MINUTE
    change_elsewhere(other, resets_at)
    Upstream.objects.update(rate_limit=limit, rate_remaining=remaining, rate_resets_at=resets_at)
    calcom.forget_calls()

    if starts:
        verbs.extend(staff, hold)
        return
    with pytest.raises(HoldError) as refused:
        verbs.extend(staff, hold)
    assert refused.value.cause == "rate_limited"
    assert "The hold is unchanged" in refused.value.safe
    assert calcom.calls() == []


def test_two_that_read_the_allowance_before_either_claims(
    calcom: Sandbox, staff: User, colleague: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold, other = verbs.place(staff), verbs.place(colleague, start=LATER)
    resets_at = timezone.now() + MINUTE
    Upstream.objects.update(rate_limit=120, rate_remaining=13, rate_resets_at=resets_at)
    calcom.forget_calls()
    take_turn = SlotGuard.take_turn

    def after_other(*args: Any, **more: Any) -> None:
        change_elsewhere(other, resets_at)
        take_turn(*args, **more)

    monkeypatch.setattr(SlotGuard, "take_turn", after_other)
    with pytest.raises(HoldError) as refused:
        verbs.extend(staff, hold)

    assert refused.value.cause == "rate_limited"
    assert calcom.calls() == []
    assert Hold.objects.get(pk=hold.pk).claim_id is None


NOW = datetime(2027, 1, 11, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("blocked_for", "remaining", "resets_in", "wait"),
    [
        (None, None, None, None),
        (None, 7, 59, None),
        (None, 6, 59, 59),
        (None, 6, 0.2, 1),
        (None, 6, -1, None),  # the window has passed
        (3, None, None, 3),
        (3, 100, 59, 3),  # an answer that was on its way when others were blocked
        (3, 6, 59, 59),
        (3, 0, 2, 3),
        (-1, 100, 59, None),
    ],
)
def test_wait_ends_as_soon_as_seven_calls_are_covered(
    blocked_for: float | None, remaining: int | None, resets_in: float | None, wait: int | None
) -> None:
    upstream = Upstream(
        rate_limit=120,
        rate_remaining=remaining,
        rate_resets_at=resets_in and NOW + timedelta(seconds=resets_in),
        blocked_until=blocked_for and NOW + timedelta(seconds=blocked_for),
    )
    assert upstream.seconds_to_wait(7, NOW) == wait


@pytest.mark.parametrize(("resets_in", "wait"), [(59, 59), (-1, 1)])
def test_more_calls_than_a_whole_allowance_are_asked_to_wait(resets_in: int, wait: int) -> None:
    resets_at = NOW + timedelta(seconds=resets_in)
    upstream = Upstream(rate_limit=5, rate_remaining=5, rate_resets_at=resets_at)
    assert upstream.seconds_to_wait(7, NOW) == wait


def test_checks_in_bulk_wait_for_the_window_they_used_up(calcom: Sandbox, staff: User) -> None:
    holds = [verbs.place(staff, start=MONDAY + timedelta(hours=n)) for n in range(3)]
    now = timezone.now()
    kept = rate_and_clock.KEPT_FOR_PEOPLE
    resets_at = now + timedelta(seconds=30)
    Upstream.objects.update(rate_limit=120, rate_remaining=kept + 2, rate_resets_at=resets_at)
    found = checks.check_many(hold_ids=[hold.pk for hold in holds], by=acting(staff), now=now)
    waits = [each.error.wait if each.error else None for each in found]
    assert waits[:2] == [None, None]
    assert 0 < (waits[2] or 0) <= 30


def test_a_small_allowance_is_enough_for_several_and_for_what_was_interrupted(
    calcom: Sandbox, staff: User
) -> None:
    """Half of it is left for others, where it is smaller than what is usually left."""
    one, two, three = (verbs.place(staff, start=MONDAY + timedelta(hours=n)) for n in range(3))
    slot = three.slot_hold()
    left = Change("release", Phase.DELETING, slot, slot, slot.held_until)
    Hold.objects.filter(pk=three.pk).update(change=left.to_json())
    now = timezone.now()

    def limit_calls() -> None:
        resets_at = timezone.now() + MINUTE
        Upstream.objects.update(rate_limit=9, rate_remaining=9, rate_resets_at=resets_at)

    limit_calls()
    checked = verbs.check_all(staff, one, two)
    limit_calls()
    [extended] = services.extend_many(
        hold_ids=[one.pk], by=acting(staff), add=15, versions={}, now=now
    )
    limit_calls()
    [released] = services.release_many(hold_ids=[two.pk], by=acting(staff), now=now)
    limit_calls()
    unsettled = settle.settle_changes(timezone.now())

    assert [each.error for each in (*checked, released)] == [None] * 3
    assert extended.error is not None  # which parks, and needs seven calls beside the four
    assert extended.error.cause == "rate_limited"
    assert (unsettled, Hold.objects.get(pk=three.pk).state) == (0, "released")
