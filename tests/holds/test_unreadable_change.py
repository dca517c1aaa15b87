"""Holds whose stored change cannot be read, and unexpected errors while settling."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds import lookup, settle
from dashboard.holds.change import Change, Phase, UnreadableChangeError
from dashboard.holds.checks import Comparison
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.holds.slots import SlotHold
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import factories, verbs
from tests.holds.crash import crash
from tests.holds.observe import at_cal_com, in_register
from tests.holds.verbs import CONSULT, LATER, MONDAY, ONE
from tests.pages.desk import desk

HOUR = timedelta(hours=1)
SLOT = SlotHold(CONSULT, MONDAY, MONDAY + HOUR, None, LATER)
GOOD = Change("extend", Phase.ARRIVING, SLOT, SLOT, MONDAY, parked=MONDAY).to_json()
UNREADABLE: dict[str, Any] = {
    "empty": {},
    "a list": [GOOD],
    "a text": "extend",
    "a number": 7,
    "true": True,
    "without a phase": {name: GOOD[name] for name in GOOD if name != "phase"},
    "unknown phase": GOOD | {"phase": "hovering"},
    "slot of another shape": GOOD | {"origin": [1, 2]},
    "half a slot": GOOD | {"target": {"event_type_id": 1}},
    "number for a moment": GOOD | {"settled_by": 1_800_000_000},
    "moment without a zone": GOOD | {"settled_by": f"{MONDAY:%Y-%m-%dT%H:%M:%S}"},
    "empty parking place": GOOD | {"parked": ""},
    "text for a number": GOOD | {"origin": GOOD["origin"] | {"event_type_id": "1"}},
}


def place_broken(user: User, change: Any, **fields: Any) -> Hold:
    """Place a hold and store this as its change."""
    hold = verbs.place(user)
    Hold.objects.filter(pk=hold.pk).update(change=change, **fields)
    return hold


def test_stored_change_is_read_as_written() -> None:
    assert Change.from_json(GOOD).to_json() == GOOD
    unparked = GOOD | {"parked": None}
    assert Change.from_json(unparked).to_json() == unparked


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_change_is_an_error_without_its_text(change: object) -> None:
    with pytest.raises(UnreadableChangeError) as unreadable:
        Change.from_json(change)

    assert str(unreadable.value) == ""


def test_unreadable_change_does_not_stop_other_holds(
    calcom: Sandbox, staff: User, caplog: pytest.LogCaptureFixture
) -> None:
    bad = place_broken(staff, UNREADABLE["empty"])
    good = verbs.place(staff, start=LATER)
    slot = Hold.objects.get(pk=good.pk).slot_hold()
    left = Change("extend", Phase.PATCHING, slot, slot, timezone.now() - HOUR, is_answered=True)
    Hold.objects.filter(pk=good.pk).update(change=left.to_json(), changed_at=timezone.now() + HOUR)

    with caplog.at_level(logging.ERROR, "dashboard"):
        call_command("settle")
        call_command("settle")

    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.state, good.change) == ("held", None)
    assert (bad.state, bad.change) == ("unconfirmed", None)
    assert [record.args[0] for record in caplog.records if record.args] == [bad.pk]
    [entry] = AuditEntry.objects.filter(hold=bad, action="settle")
    assert (entry.kind, entry.error_code) == ("event", "unreadable_change")


def test_hold_is_under_needs_attention_and_has_a_page(calcom: Sandbox, staff: User) -> None:
    hold = place_broken(staff, {"phase": "hovering"})

    board = factories.see(staff)
    assert [(row.pk, row.sentence) for row in board.attention] == [
        (hold.pk, "The record of an earlier change cannot be read.")
    ]
    page = desk(staff).get(f"/holds/{hold.pk}/")
    assert page.status_code == 200
    text = " ".join(page.content.decode().split())
    assert "cannot be read. Verify the hold with cal.com. The time may be held at cal.com" in text
    assert [row.pk for row in factories.see(staff).attention] == [hold.pk]


@pytest.fixture
def settled(calcom: Sandbox, staff: User) -> Hold:
    """Return a hold whose unreadable change was dropped: it is unconfirmed."""
    hold = place_broken(staff, [])
    settle.load_settled(hold.pk, now=timezone.now())
    calcom.forget_calls()
    return hold


@pytest.mark.parametrize("verb", [verbs.extend, verbs.move, verbs.release])
def test_hold_must_be_checked_before_it_is_changed(
    calcom: Sandbox, staff: User, settled: Hold, verb: Callable[..., Hold]
) -> None:
    with pytest.raises(HoldError) as refused:
        verb(staff, settled)

    assert refused.value.cause == "not_confirmed"
    assert "Verify it with cal.com" in refused.value.what_now
    assert calcom.calls(route=ONE) == []


def test_failed_check_says_what_may_be_held(calcom: Sandbox, staff: User, settled: Hold) -> None:
    calcom.faults.add("500", method="GET", route=ONE, count=None)

    with pytest.raises(HoldError) as failed:
        verbs.check(staff, settled)

    assert "may be held at cal.com, until" in failed.value.safe


def test_check_finds_it_where_it_was(calcom: Sandbox, staff: User, settled: Hold) -> None:
    checked = verbs.check(staff, settled)

    assert (checked.comparison, checked.hold.state) == (Comparison.SAME, "held")
    assert at_cal_com(calcom) == in_register(settled)
    verbs.release(staff, settled)
    assert at_cal_com(calcom) == []


def test_look_up_does_not_take_it_for_an_unanswered_placing(
    calcom: Sandbox, staff: User, settled: Hold
) -> None:
    uid = Hold.objects.get(pk=settled.pk).reservation_uid
    calcom.reset()
    calcom.insert_reservation(CONSULT, MONDAY, minutes=30, uid="another")

    added = lookup.take_in(uid="another", by=acting(staff), now=timezone.now())

    assert added is not None
    assert added.hold != settled
    assert Hold.objects.get(pk=settled.pk).reservation_uid == uid


def test_unchecked_hold_expires_when_it_can_no_longer_stand(staff: User, settings: Any) -> None:
    hold = factories.put(staff, change=[])
    now = timezone.now()
    settle.load_settled(hold.pk, now=now)
    longest = timedelta(minutes=settings.HOLD_MINUTES_MAX)

    counts = [settle.settle_times(now + longest + timedelta(seconds=s)) for s in (50, 70)]

    hold.refresh_from_db()
    assert (counts, hold.state) == ([0, 1], "expired")


def test_ended_hold_only_loses_its_change(staff: User) -> None:
    states = ["lost", "released", "refused", "gone"]
    for state in states:
        factories.put(staff, state=state, change={})

    assert settle.settle_changes(timezone.now()) == 0

    holds = Hold.objects.order_by("pk").values_list("state", "change")
    assert list(holds) == [(state, None) for state in states]


def test_change_without_a_reservation_is_dropped(staff: User) -> None:
    hold = factories.put(staff, change=GOOD, reservation_uid=None)

    assert settle.settle_changes(timezone.now()) == 0

    hold.refresh_from_db()
    assert (hold.state, hold.change) == ("unconfirmed", None)


def test_hold_that_was_settled_meanwhile_stays(staff: User) -> None:
    hold = factories.put(staff)
    settle.finish_change(hold.pk, now=timezone.now())
    assert Hold.objects.filter(pk=hold.pk, state="held", version=hold.version).exists()


def test_unexpected_error_does_not_stop_other_holds(
    staff: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, the hold stays under Needs attention, and its page is shown."""
    bad = factories.put(staff, change=[])
    due = factories.put(staff, held_until=timezone.now() - HOUR)
    monkeypatch.setattr(settle, "_logged", set())
    monkeypatch.setattr(settle, "drop_unreadable_change", crash)

    with caplog.at_level(logging.ERROR, "dashboard"):
        call_command("settle")
        call_command("settle")
        page = desk(staff).get(f"/holds/{bad.pk}/")

    assert page.status_code == 200
    assert Hold.objects.get(pk=due.pk).state == "expired"
    assert [record.args for record in caplog.records] == [(bad.pk,)]
    assert [row.pk for row in factories.see(staff).attention] == [bad.pk]


def test_database_error_stops_settling(staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """It concerns all holds."""
    hold = factories.put(staff, change=[])

    def disconnect(*_args: object, **_more: object) -> None:
        raise OperationalError

    monkeypatch.setattr(settle, "drop_unreadable_change", disconnect)
    with pytest.raises(OperationalError):
        settle.settle_changes(timezone.now())
    # A page shows what can be read.
    assert settle.load_settled(hold.pk, now=timezone.now()) == hold
