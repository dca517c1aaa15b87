"""Verify a hold with cal.com: the page says what cal.com said, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import search
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.future_dates import named
from tests.holds import verbs
from tests.holds.verbs import LATER, MONDAY, SHORT, STRANGERS
from tests.pages.desk import desk


def leave(_calcom: Sandbox, _hold: Hold) -> None:
    """Change nothing."""


def move_outside(calcom: Sandbox, hold: Hold) -> None:
    calcom.remove_reservations()
    calcom.insert_reservation(SHORT, LATER, uid=hold.reservation_uid, minutes=15)


def move_to_strangers(calcom: Sandbox, hold: Hold) -> None:
    """Until tomorrow, for an event type that the key cannot read."""
    calcom.remove_reservations()
    calcom.insert_reservation(STRANGERS, MONDAY, uid=hold.reservation_uid, minutes=24 * 60)


def remove(calcom: Sandbox, _hold: Hold) -> None:
    calcom.remove_reservations()


def end_at_cal_com(calcom: Sandbox, _hold: Hold) -> None:
    calcom.clock.shift(16 * 60)


TEN = f"{named(0)} 10:00"
# "*" stands for the end of the hold.
CONFIRMED = (
    f"cal.com confirms it: {named(0)} 10:00–11:00 is held until * (Europe/Rome). "
    "It does not say whether the time was booked meanwhile."
)
MOVED = (
    "cal.com has other values, which Holdfast has taken over: Consult 60 → Short 30, "
    f"{named(0)} 10:00–11:00 → {named(0)} 12:00–12:30, held until *"
)
MOVED_TO_STRANGERS = (
    "cal.com has other values, which Holdfast has taken over: Consult 60 → Event type 5, "
    f"{named(0)} 10:00–11:00, held until * → held until ??? * ??? *:*:*"
)
GONE = "cal.com no longer has this hold, although it was not due to end yet."


@pytest.mark.parametrize(
    ("outside", "sentence", "story"),
    [
        (leave, CONFIRMED, "verified it"),
        (move_outside, MOVED, f"verified it, *; {TEN} → 12:00*"),
        (move_to_strangers, MOVED_TO_STRANGERS, "verified it, * → 5; * → *"),
        (remove, GONE, "verified it, held → gone"),
        (end_at_cal_com, "This hold has run out.", "verified it, held → expired"),
    ],
)
def test_each_answer_has_its_sentence_and_its_line_in_the_story(
    calcom: Sandbox,
    staff: User,
    outside: Callable[[Sandbox, Hold], None],
    sentence: str,
    story: str,
) -> None:
    hold = verbs.place(staff)
    outside(calcom, hold)

    assert fnmatchcase(verified(staff, hold), sentence)
    line = search.story(hold.pk, now=timezone.now()).lines[0]
    assert fnmatchcase(f"{line.did_it}{line.clauses_text}", story)


def test_hold_that_is_gone_is_not_said_to_have_run_out(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    calcom.remove_reservations()

    assert [verified(staff, hold), verified(staff, hold)] == [GONE, GONE]
    hold.refresh_from_db()
    assert hold.state == "gone"


def verified(staff: User, hold: Hold) -> str:
    """Press *Verify with cal.com* and return the message of the page that follows."""
    answer = desk(staff).post(f"/holds/{hold.pk}/check")
    assert answer.status_code == 303
    [message] = get_messages(answer.wsgi_request)
    return str(message)
