"""Clocks, rates, addresses and registers as nobody would wish them."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom.types import Exchange, Rate
from dashboard.holds import checks, claims, rate_and_clock, settle
from dashboard.holds.changes import Change, Phase, Spot
from dashboard.holds.models import Hold, Upstream
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import cast, factories
from tests.holds.cast import CONSULT, LATER, MONDAY
from tests.holds.desk import desk

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
ODD_UID = "odd/+uid?#%41&=;,:@!$'()*~[]|^`{}\\\"<>"


def found(hold: Hold) -> Hold:
    return Hold.objects.get(pk=hold.pk)


# --- where cal.com is -----------------------------------------------------------------------


def test_a_cal_com_behind_a_prefix(calcom: Sandbox, staff: User, settings: Any) -> None:
    settings.CALCOM_API_URL = f"{calcom.url}/api/"
    cache.clear()

    hold = cast.place(staff)
    cast.extend(staff, hold)
    cast.move(staff, hold)
    checked = checks.check(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())

    assert checked.finding is checks.Finding.SAME
    assert cast.rows(calcom) == [cast.register(hold)]
    cast.release(staff, hold)
    assert calcom.live_rows() == []
    assert {call.route for call in calcom.calls("PATCH")} == {cast.ONE}
    told = AuditEntry.objects.exclude(path="").values_list("path", flat=True)
    assert set(told) == {cast.ALL, cast.ONE}  # templates, wherever it is


def test_a_uid_of_odd_letters_is_one_segment_on_the_wire(calcom: Sandbox, staff: User) -> None:
    calcom.insert_hold(CONSULT, MONDAY, minutes=30, uid=ODD_UID)

    taken = checks.take_in(uid=ODD_UID, by=cast.acting(staff), now=timezone.now())

    assert taken is not None
    cast.move(staff, taken)
    assert cast.rows(calcom) == [(CONSULT, LATER, ODD_UID)]
    cast.release(staff, taken)
    assert calcom.live_rows() == []
    said = repr(list(AuditEntry.objects.values()))
    assert ODD_UID not in said


# --- whose clock it is ----------------------------------------------------------------------


def exchange(now: datetime, *, ahead: timedelta, **more: Any) -> Exchange:
    """An answer whose ``Date`` is so far ahead of our clock."""
    date = (now + ahead).replace(microsecond=0)
    return replace(Exchange("GET", cast.ONE, now, now, 1, 200, server_date=date), **more)


@pytest.mark.parametrize(
    ("more", "believed"),
    [
        ({"status": 502}, False),
        ({"status": 200}, False),
        ({"request_id": "5f1c7a52"}, True),
        ({"rate": Rate(120, 119, 60)}, True),
    ],
)
def test_only_cal_com_itself_tells_its_clock(
    db: None, more: dict[str, Any], believed: bool
) -> None:
    """Else one page of a proxy whose clock is wrong would end every hold."""
    known, now = rate_and_clock.load(), timezone.now()

    rate_and_clock.learn(known, exchange(now, ahead=10 * MINUTE, **more))

    assert (known.clock_offset_ms > 590_000) is believed


@pytest.mark.parametrize("ahead", [-3_000_000, -600, 600, 3_000_000])
def test_minutes_or_weeks_apart_everything_goes_by_cal_coms_clock(
    calcom: Sandbox, staff: User, ahead: int
) -> None:
    calcom.clock.shift(ahead)
    hold = cast.place(staff, minutes=5)
    cast.extend(staff, hold, 8)
    cast.extend(staff, hold, None, add=5)
    cast.move(staff, hold)
    cast.move(staff, hold, LATER + MINUTE * 30)

    kept = found(hold)
    at = timezone.now() + ahead * SECOND
    assert kept.held_until is not None
    assert 12 * MINUTE < kept.held_until - at < 16.1 * MINUTE  # each is rounded up to a whole one
    assert cast.rows(calcom) == [cast.register(hold)]
    assert [settle.settle_times(timezone.now() + m * MINUTE) for m in (12, 17)] == [0, 1]
    assert found(hold).ended_at == kept.held_until


@pytest.mark.parametrize("jump", [-600, 600])
def test_a_clock_of_cal_com_that_jumps_is_followed_and_undone_by_a_check(
    calcom: Sandbox, staff: User, jump: int
) -> None:
    """cal.com decides by its clock. Back again, what it still has is only a look away."""
    hold = cast.place(staff, minutes=5)
    other = cast.place(staff, start=LATER, minutes=60)
    until = found(hold).held_until

    def look(at: Hold) -> checks.Checked:
        return checks.check(hold_id=at.pk, by=cast.acting(staff), now=timezone.now())

    calcom.clock.shift(jump)
    look(other)
    settle.settle_times(timezone.now())
    assert found(hold).state == ("expired" if jump > 0 else "held")
    calcom.clock.shift(-jump)
    look(other)
    settle.settle_times(timezone.now())

    assert look(hold).finding is checks.Finding.SAME
    assert (found(hold).state, found(hold).held_until) == ("held", until)


def test_an_end_told_less_precisely_is_no_move(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    until = found(hold).held_until
    assert until is not None
    Hold.objects.update(held_until=until - timedelta(microseconds=until.microsecond or 1))

    checked = checks.check(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())

    assert (checked.finding, checked.hold.held_until) == (checks.Finding.SAME, until)


def test_nor_is_it_an_extension_that_landed() -> None:
    until = MONDAY
    origin = Spot(CONSULT, LATER, LATER + HOUR, None, until)
    change = Change("extend", Phase.PATCHING, origin, replace(origin, until=until + HOUR), MONDAY)
    reservation = checks.Reservation(
        CONSULT, LATER, LATER + HOUR, 60, until - timedelta(milliseconds=419), None, "uid"
    )

    assert change.find(reservation) == "origin"
    assert change.find(replace(reservation, reservation_until=until + HOUR)) == "target"


# --- who else asks --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remaining", "limit", "begins"), [(13, 120, False), (14, 120, True), (9, 9, True)]
)
def test_nobody_parks_on_calls_that_a_colleague_is_about_to_need(
    calcom: Sandbox, staff: User, colleague: User, *, remaining: int, limit: int, begins: bool
) -> None:
    """A 429 between parking and return would leave the time to anybody for a minute."""
    hold = cast.place(staff)
    other = cast.place(colleague, start=LATER)
    now = timezone.now()
    Hold.objects.filter(pk=other.pk).update(
        claim_id=uuid.uuid4(), claim_verb="extend", claim_until=now + MINUTE
    )
    resets = now + MINUTE
    Upstream.objects.update(rate_limit=limit, rate_remaining=remaining, rate_resets_at=resets)
    calcom.forget_calls()

    if begins:
        cast.extend(staff, hold)
        return
    with pytest.raises(HoldError) as refused:
        cast.extend(staff, hold)
    assert refused.value.cause == "rate_limited"
    assert "The hold is unchanged" in refused.value.problem.safe
    assert calcom.calls() == []


def test_nor_on_those_of_one_who_began_at_the_same_instant(
    calcom: Sandbox, staff: User, colleague: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked at the allowance before either has claimed anything."""
    hold = cast.place(staff)
    other = cast.place(colleague, start=LATER)
    resets = timezone.now() + MINUTE
    Upstream.objects.update(rate_limit=120, rate_remaining=13, rate_resets_at=resets)
    calcom.forget_calls()
    ask = claims.ask

    def second(*args: Any, **more: Any) -> None:
        begun = {"claim_id": uuid.uuid4(), "claim_verb": "extend", "claim_until": resets}
        Hold.objects.filter(pk=other.pk).update(**begun)
        ask(*args, **more)

    monkeypatch.setattr(claims, "ask", second)
    with pytest.raises(HoldError) as refused:
        cast.extend(staff, hold)
    assert refused.value.cause == "rate_limited"
    assert calcom.calls() == []
    assert Hold.objects.get(pk=hold.pk).claim_id is None


# --- every state at every time --------------------------------------------------------------

CLAIMS = {"free": None, "claimed": MINUTE, "given up": -MINUTE}
ENDS = {"ahead": HOUR, "past": -HOUR, "never told": None}
CHANGES = ["", *(str(phase) for phase in Phase), "unreadable"]


def change_of(kind: str, spot: Spot) -> Any:
    if kind in ("", "unreadable"):
        return {"": None, "unreadable": [kind]}[kind]
    parked = spot.slot_start - timedelta(weeks=200)
    target = replace(spot, until=spot.until + MINUTE)
    return Change("extend", Phase(kind), spot, target, spot.until - 3 * HOUR, parked).to_json()


def put(staff: User, state: str, claim: str, end: str, change: str) -> Hold:
    now = timezone.now()
    until, claim_until = ENDS[end], CLAIMS[claim]
    spot = Spot(CONSULT, MONDAY, MONDAY + HOUR, None, now + (until or HOUR))
    unanswered = state in ("placing", "unconfirmed") and not change
    return factories.put(
        staff,
        state=state,
        held_until=None if until is None or unanswered else spot.until,
        latest_end=spot.until if state == "unconfirmed" else None,
        reservation_uid=None if unanswered else f"nowhere-{uuid.uuid4()}",
        change=change_of(change, spot),
        claim_id=None if claim_until is None else uuid.uuid4(),
        claim_verb="" if claim_until is None else "extend",
        claim_until=None if claim_until is None else now + claim_until,
    )


@pytest.mark.parametrize("state", Hold.State.values)
def test_every_state_comes_to_rest(calcom: Sandbox, staff: User, state: str) -> None:
    """With any claim, end and change: what is claimed is left alone, all else ends in time."""
    put_there = [
        put(staff, state, *case)
        for case in itertools.product(CLAIMS, ENDS, CHANGES)
        if is_possible(state, *case)
    ]
    claimed = {hold.pk: hold.version for hold in put_there if hold.is_claimed(timezone.now())}
    browser = desk(staff)

    for hold in put_there:
        settle.bring_to_rest(hold.pk, timezone.now())
    assert {pk: Hold.objects.get(pk=pk).version for pk in claimed} == claimed
    for tab in ("everyone", "attention", "ended"):
        assert browser.get(f"/?tab={tab}").status_code == 200
    for hold in put_there[::7]:
        assert browser.get(f"/holds/{hold.pk}/").status_code == 200

    now = timezone.now()
    for long_after in (now + 6 * HOUR, now + 12 * HOUR, now + 18 * HOUR):
        Upstream.objects.update(rate_remaining=None, rate_limit=None, blocked_until=None)
        calcom.set_limit("cal_ownerfast0123456789", 100_000)
        settle.settle_times(long_after)
        settle.settle_changes(long_after)
    left = [
        (hold.state, hold.claim_id, hold.change)
        for hold in Hold.objects.filter(pk__in=[hold.pk for hold in put_there])
        if not hold.has_ended or hold.claim_id or hold.change
    ]
    assert left == []


def is_possible(state: str, claim: str, end: str, change: str) -> bool:
    """What our own code, of this version or another, can have written."""
    if state == "placing":
        return claim != "free"
    return end != "never told" or (state != "held" and not change)
