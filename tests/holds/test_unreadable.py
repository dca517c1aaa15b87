"""A change that nobody can read any more, and other holds that nobody expected so."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds import calls, checks, settle
from dashboard.holds.changes import Change, Phase, Spot, UnreadableChangeError
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import cast, factories
from tests.holds.cast import LATER, MONDAY
from tests.holds.desk import desk

HOUR = timedelta(hours=1)
SPOT = Spot(1, MONDAY, MONDAY + HOUR, None, LATER)
GOOD = Change("extend", Phase.ARRIVING, SPOT, SPOT, MONDAY, parked=MONDAY).to_json()
UNREADABLE: dict[str, Any] = {
    "nothing": {},
    "a list": [GOOD],
    "a text": "extend",
    "a number": 7,
    "yes": True,
    "without its phase": {name: GOOD[name] for name in GOOD if name != "phase"},
    "in a phase of another version": GOOD | {"phase": "hovering"},
    "with a spot of another shape": GOOD | {"origin": [1, 2]},
    "with half a spot": GOOD | {"target": {"event_type_id": 1}},
    "with a number for a moment": GOOD | {"settled_by": 1_800_000_000},
    "with a moment of no zone": GOOD | {"settled_by": "2027-01-11T09:00:00"},
    "parked nowhere": GOOD | {"parked": ""},
    "with a text for a number": GOOD | {"origin": GOOD["origin"] | {"event_type_id": "1"}},
}


def broken(user: User, change: Any, **fields: Any) -> Hold:
    """A hold with this written down as its change."""
    hold = cast.place(user)
    Hold.objects.filter(pk=hold.pk).update(change=change, **fields)
    return hold


def test_what_was_written_down_is_read_as_it_was() -> None:
    assert Change.from_json(GOOD).to_json() == GOOD
    unparked = GOOD | {"parked": None}
    assert Change.from_json(unparked).to_json() == unparked


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE)
def test_anything_else_is_told_apart(change: object) -> None:
    with pytest.raises(UnreadableChangeError) as unreadable:
        Change.from_json(change)

    assert str(unreadable.value) == ""  # it would quote what is written there


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE)
def test_one_bad_hold_keeps_no_other_from_rest(
    calcom: Sandbox, staff: User, change: object, caplog: pytest.LogCaptureFixture
) -> None:
    bad = broken(staff, change)
    good = cast.place(staff, start=LATER)
    spot = Spot.of(Hold.objects.get(pk=good.pk))
    left = Change("extend", Phase.PATCHING, spot, spot, timezone.now() - HOUR)
    Hold.objects.filter(pk=good.pk).update(change=left.to_json(), changed_at=timezone.now() + HOUR)

    with caplog.at_level(logging.ERROR, "dashboard"):
        call_command("settle")
        call_command("settle")

    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.state, good.change) == ("held", None)
    assert (bad.state, bad.change) == ("unconfirmed", None)
    assert [bad.pk] == [record.args[0] for record in caplog.records if record.args]
    [entry] = AuditEntry.objects.filter(hold=bad, action="settle")
    assert (entry.kind, entry.error_code) == ("event", "unreadable_change")


def test_it_stands_under_needs_attention_and_on_a_page_of_its_own(
    calcom: Sandbox, staff: User
) -> None:
    hold = broken(staff, {"phase": "hovering"})

    board = factories.see(staff)
    assert [(row.pk, row.sentence) for row in board.attention] == [
        (hold.pk, "The record of an earlier change cannot be read.")
    ]
    page = desk(staff).get(f"/holds/{hold.pk}/")
    assert page.status_code == 200
    text = " ".join(page.content.decode().split())
    assert "cannot be read. Check the hold at cal.com. The time may be held at cal.com" in text
    assert [row.pk for row in factories.see(staff).attention] == [hold.pk]


@pytest.mark.parametrize("act", ["extend", "move", "release"])
def test_nothing_is_done_to_it_before_it_was_checked(
    calcom: Sandbox, staff: User, act: str
) -> None:
    hold = broken(staff, [])
    settle.bring_to_rest(hold.pk, timezone.now())
    calcom.forget_calls()

    with pytest.raises(HoldError) as refused:
        getattr(cast, act)(staff, hold)

    assert refused.value.cause == "not_confirmed"
    assert "Check it" in refused.value.problem.what_now
    assert calcom.calls(route=cast.ONE) == []


def test_a_check_that_fails_says_what_may_stand(calcom: Sandbox, staff: User) -> None:
    hold = broken(staff, [])
    settle.bring_to_rest(hold.pk, timezone.now())
    calcom.faults.add("500", method="GET", route=cast.ONE, count=None)

    with pytest.raises(HoldError) as silent:
        checks.check(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())

    assert "may be held at cal.com, until" in silent.value.problem.safe


def test_a_check_finds_it_where_it_was(calcom: Sandbox, staff: User) -> None:
    hold = broken(staff, [])
    settle.bring_to_rest(hold.pk, timezone.now())

    checked = checks.check(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())

    assert (checked.finding, checked.hold.state) == (checks.Finding.SAME, "held")
    assert cast.rows(calcom) == [cast.register(hold)]
    cast.release(staff, hold)
    assert calcom.live_rows() == []


def test_a_check_finds_it_elsewhere(calcom: Sandbox, staff: User) -> None:
    hold = broken(staff, [])
    settle.bring_to_rest(hold.pk, timezone.now())
    [row] = calcom.live_rows()
    calls.client().update(uid=row.uid, event_type_id=cast.CONSULT, slot_start=LATER)

    checked = checks.check(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())

    assert (checked.finding, checked.hold.slot_start) == (checks.Finding.MOVED, LATER)


def test_a_check_finds_it_gone(calcom: Sandbox, staff: User) -> None:
    hold = broken(staff, [])
    settle.bring_to_rest(hold.pk, timezone.now())
    calcom.reset()

    checked = checks.check(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())

    assert (checked.finding, checked.hold.state) == (checks.Finding.GONE, "gone")


def test_without_a_check_it_ends_when_cal_com_can_hold_it_no_longer(
    calcom: Sandbox, staff: User, settings: Any
) -> None:
    hold = broken(staff, [])
    now = timezone.now()
    settle.bring_to_rest(hold.pk, now)
    most = timedelta(minutes=settings.HOLD_MINUTES_MAX)

    counts = [settle.settle_times(now + most + timedelta(seconds=s)) for s in (50, 70)]

    hold.refresh_from_db()
    assert (counts, hold.state) == ([0, 1], "expired")


@pytest.mark.parametrize("state", ["lost", "released", "refused", "gone"])
def test_of_what_has_ended_only_the_change_goes(calcom: Sandbox, staff: User, state: str) -> None:
    hold = broken(staff, {}, state=state)

    assert settle.settle_changes(timezone.now()) == 0

    hold.refresh_from_db()
    assert (hold.state, hold.change) == (state, None)


def test_a_change_of_what_is_no_reservation_ends_too(calcom: Sandbox, staff: User) -> None:
    hold = broken(staff, GOOD, reservation_uid=None)
    calcom.forget_calls()

    assert settle.settle_changes(timezone.now()) == 0

    hold.refresh_from_db()
    assert (hold.state, hold.change) == ("unconfirmed", None)
    assert calcom.calls() == []


def test_a_look_up_does_not_take_it_for_an_unanswered_placing(calcom: Sandbox, staff: User) -> None:
    hold = broken(staff, [])
    settle.bring_to_rest(hold.pk, timezone.now())
    uid = Hold.objects.get(pk=hold.pk).reservation_uid
    calcom.reset()
    calcom.insert_hold(cast.CONSULT, MONDAY, minutes=30, uid="another")

    taken = checks.take_in(uid="another", by=cast.acting(staff), now=timezone.now())

    assert taken is not None
    assert taken.pk != hold.pk
    assert Hold.objects.get(pk=hold.pk).reservation_uid == uid


def test_a_claim_of_a_verb_of_another_version_is_buried(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    fields = {"claim_id": "5f1c7a52-1111-4222-8333-444455556666", "claim_verb": "teleport"}
    Hold.objects.filter(pk=hold.pk).update(**fields, claim_until=timezone.now() - HOUR)

    assert settle.settle_times(timezone.now()) == 1

    hold.refresh_from_db()
    assert (hold.claim_id, hold.state) == (None, "held")
    assert AuditEntry.objects.get(action_id=fields["claim_id"]).action == "settle"


def test_a_defect_at_one_hold_keeps_no_other_from_rest_and_no_page_away(
    calcom: Sandbox,
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever it is: it is logged once, and the hold stays under Needs attention."""
    first, second = (broken(staff, []), cast.place(staff, start=LATER))
    Hold.objects.filter(pk=second.pk).update(held_until=timezone.now() - HOUR)
    monkeypatch.setattr(settle, "_told", set())

    def defect(*_args: object) -> None:
        raise AttributeError("nobody expected this")

    monkeypatch.setattr(settle, "_set_aside", defect)
    with caplog.at_level(logging.ERROR, "dashboard"):
        call_command("settle")
        call_command("settle")
        page = desk(staff).get(f"/holds/{first.pk}/")

    assert page.status_code == 200
    assert Hold.objects.get(pk=second.pk).state == "expired"
    assert [record.args for record in caplog.records] == [(first.pk,)]
    assert [row.pk for row in factories.see(staff).attention] == [first.pk]


def test_a_database_that_is_away_is_no_defect_of_a_hold(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = broken(staff, [])

    def away(*_args: object) -> None:
        raise OperationalError

    monkeypatch.setattr(settle, "_set_aside", away)
    with pytest.raises(OperationalError):
        settle.bring_to_rest(hold.pk, timezone.now())
