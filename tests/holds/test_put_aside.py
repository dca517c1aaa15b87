"""A lost or gone hold needs attention until a person who may has put it aside."""

from datetime import timedelta

from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.holds.put_aside import put_aside
from dashboard.pages.board import Tab
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import verbs
from tests.holds.factories import see

MINUTE = timedelta(minutes=1)


def attention(user: User) -> list[int]:
    return [row.pk for row in see(user, Tab.ATTENTION).attention]


def test_hold_that_came_back_and_ended_again_needs_attention(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    row = calcom.live_rows()[0]
    calcom.remove_reservations(row.uid)
    assert verbs.check(staff, hold).hold.state == "gone"
    put_aside(hold_id=hold.pk, by=acting(staff), now=timezone.now())
    assert attention(staff) == []

    calcom.insert_reservation(row.event_type_id, row.start, uid=row.uid, minutes=15)
    assert verbs.check(staff, hold).hold.state == "held"
    later = timezone.now() + MINUTE
    Hold.objects.filter(pk=hold.pk).update(state="lost", ended_at=later, changed_at=later)

    assert attention(staff) == [hold.pk]
