"""The person who looks at a page, at one moment, and the register as they see it."""

from datetime import datetime
from functools import cached_property

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.actors import actor_of
from dashboard.accounts.models import User
from dashboard.calcom_state import rate_and_clock
from dashboard.holds import register, settle
from dashboard.holds.register import Snapshot
from dashboard.pages import calendar_labels


class Viewer:
    """A person who looks at a page, and the time on the server's clock and on cal.com's.

    The time on cal.com's clock is looked up unless given, and the register when it is asked for.
    """

    def __init__(
        self,
        user: User,
        now: datetime,
        cal_now: datetime | None = None,
        current: Snapshot | None = None,
    ) -> None:
        self.user = user
        self.is_admin = user.is_admin
        self.now = now
        self.cal_now = cal_now or rate_and_clock.cal_now(now)
        # A hold's number is appended to it.
        self.holds_url = reverse("hold", args=[0]).removesuffix("0/")
        if current is not None:
            self.register = current

    @cached_property
    def register(self) -> Snapshot:
        """Return the register as recorded last: time may have decided more."""
        return register.read(self.now)[0]

    @cached_property
    def calendars(self) -> calendar_labels.CalendarLabels:
        return calendar_labels.read()


def viewer_of(request: HttpRequest) -> Viewer:
    """Return the signed-in person at this moment."""
    return Viewer(actor_of(request).user, timezone.now())


def read_register(request: HttpRequest) -> Viewer:
    """Return the viewer with the register, after recording what time alone has decided.

    Asks cal.com nothing. One query while no hold changes.
    """
    viewer = last_register(actor_of(request).user)
    if not viewer.register.is_due(viewer.now, viewer.cal_now):
        return viewer
    settle.settle_times(viewer.now)
    return last_register(viewer.user)


def last_register(user: User) -> Viewer:
    """Return the viewer with the register as recorded last, and the clocks, with one query."""
    now = timezone.now()
    current, cal_now = register.read(now)
    return Viewer(user, now, cal_now, current)
