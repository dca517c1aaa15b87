"""Tell people what others did to their holds."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds import colleague_actions, settle, transfer
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.holds.put_aside import put_aside
from dashboard.pages.board import Tab
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import factories, verbs
from tests.holds.verbs import CONSULT, LATER, MONDAY, take_over


def told(user: User) -> list[tuple[int, str, str]]:
    """Return what the board tells this person: hold, action and who did it."""
    entries = colleague_actions.by_person(timezone.now()).get(user.pk, [])
    return [(entry.hold_id or 0, entry.action, entry.actor_name) for entry in entries]


def test_former_holder_is_told_while_it_is_held(
    calcom: Sandbox, staff: User, colleague: User, admin: User
) -> None:
    hold, other = verbs.place(staff), verbs.place(colleague, start=LATER)
    take_over(admin, hold)
    take_over(admin, other)

    assert (told(staff), told(admin)) == ([(hold.pk, "take_over", "admin")], [])
    verbs.release(admin, hold)
    assert told(staff) == []


def test_hold_taken_over_again_is_told_to_all_its_former_holders(
    calcom: Sandbox, staff: User, colleague: User, admin: User, settings: Any
) -> None:
    """Each by the last who took it from them."""
    settings.STAFF_MAY_TAKE_OVER = True
    hold = verbs.place(staff)
    take_over(admin, hold)
    take_over(staff, hold, reason="handed_over")
    take_over(colleague, hold, reason="handed_over")
    verbs.move(admin, hold)

    assert told(staff) == [(hold.pk, "take_over", "colleague")]
    assert told(colleague) == [(hold.pk, "move", "admin")]
    take_over(admin, hold)
    assert told(staff) == [(hold.pk, "take_over", "colleague")]
    assert (told(colleague), told(admin)) == ([(hold.pk, "take_over", "admin")], [])


def test_holder_is_told_what_an_admin_moved_or_released(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    """Not what they did themselves, nor what happened before the hold was theirs."""
    hold, own, other = (
        verbs.place(user, start=MONDAY + timedelta(hours=hours))
        for user, hours in ((staff, 0), (staff, 4), (admin, 6))
    )
    verbs.move(admin, other, start=MONDAY + timedelta(hours=7))
    verbs.release(staff, own)
    verbs.extend(admin, hold)
    assert (told(staff), told(admin)) == ([], [])

    verbs.move(admin, hold)
    assert told(staff) == [(hold.pk, "move", "admin")]
    verbs.move(staff, hold, start=MONDAY + timedelta(hours=8))  # so "to this time" is past
    assert told(staff) == []
    verbs.move(admin, hold)
    assert told(staff) == [(hold.pk, "move", "admin")]
    calcom.remove_reservations(hold.reservation_uid or "")
    calcom.insert_reservation(
        CONSULT, MONDAY + timedelta(days=1), uid=hold.reservation_uid, minutes=30
    )
    verbs.check(staff, hold)  # moved outside Holdfast
    assert told(staff) == []
    verbs.release(admin, hold, reason="client_rang_off")
    assert told(staff) == [(hold.pk, "release", "admin")]

    put_aside(hold_id=hold.pk, by=acting(staff), now=timezone.now())
    assert told(staff) == []


def test_holder_is_told_of_a_release_that_settle_finished(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    calcom.faults.add("drop", when="after", method="DELETE", count=None)
    hold, own = verbs.place(staff), verbs.place(staff, start=LATER)
    for user, each in ((admin, hold), (staff, own)):
        with pytest.raises(HoldError):
            verbs.release(user, each)
    assert told(staff) == []

    settle.settle_all(timezone.now())

    assert told(staff) == [(hold.pk, "release", "admin")]


def test_release_of_what_was_gone_or_had_expired_is_not_told(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    """Leave what is gone to the list that all people see."""
    gone, expired = verbs.place(staff), verbs.place(staff, start=LATER)
    calcom.remove_reservations(gone.reservation_uid or "")
    for hold in (gone, expired):
        verbs.release(admin, hold)
    Hold.objects.filter(pk=expired.pk).update(state="expired", version=99)

    board = factories.see(staff, Tab.ATTENTION)

    assert (told(staff), [row.pk for row in board.attention]) == ([], [gone.pk])
    assert [count for tab, count in board.tabs if tab == Tab.ATTENTION] == [1]


def test_nothing_older_than_twelve_hours_is_told(calcom: Sandbox, staff: User, admin: User) -> None:
    """Not even where a clock was set back, and older entries follow."""
    hold, now = verbs.place(staff), timezone.now()
    earlier = now - timedelta(hours=12, minutes=1)
    transfer.take_over(hold_id=hold.pk, by=acting(admin), now=earlier)
    assert told(staff) == []


def test_transferred_hold_that_needs_attention_is_shown_once(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    """On the former holder's own tab too, where only the transfer is theirs."""
    hold = verbs.place(staff)
    take_over(admin, hold)
    state = {"state": "unconfirmed", "latest_end": hold.held_until, "held_until": None}
    Hold.objects.update(**state, version=99)

    boards = {tab: factories.see(staff, tab) for tab in (Tab.MINE, Tab.EVERYONE, Tab.ATTENTION)}

    assert {tab: len(shown.attention) for tab, shown in boards.items()} == dict.fromkeys(boards, 1)
    assert "took over this hold from you" in boards[Tab.MINE].attention[0].sentence
    [counted] = [count for tab, count in boards[Tab.MINE].tabs if tab == Tab.ATTENTION]
    assert counted == 1
