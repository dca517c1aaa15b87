"""Write holds straight into the register, and read the board as a person sees it."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.pages import board, warnings
from dashboard.pages.board import Board, BoardQuery, Tab
from dashboard.pages.viewers import Viewer
from tests.accounts.cast import make_hold
from tests.holds.verbs import MONDAY

# The board caches rendered rows by primary key, so no two tests share one.
_fresh = itertools.count(2_000_000)


def put(holder: User, *, seconds: float = 3600, **fields: Any) -> Hold:
    """Return a new hold that is held for so many seconds more, unless ``fields`` differ."""
    now, pk = timezone.now(), next(_fresh)
    usual = {
        "pk": pk,
        "slot_start": MONDAY,
        "slot_end": MONDAY + timedelta(hours=1),
        "reservation_duration": 60,
        "reservation_uid": f"uid-{pk}",
        "held_until": now + timedelta(seconds=seconds),
    }
    return make_hold(holder, now=now, **usual | fields)


def put_ended(holder: User, state: str = "released", *, ago: float = 60, **fields: Any) -> Hold:
    """Return a new hold that ended so many seconds ago."""
    then = timezone.now() - timedelta(seconds=ago)
    return put(holder, state=state, ended_at=then, changed_at=then, **fields)


def viewer(user: User, now: datetime) -> Viewer:
    """Return who looks, at which moment, as in a request of its own."""
    return Viewer(User.objects.get(pk=user.pk), now)


def see(user: User, tab: Tab = Tab.EVERYONE, *, now: datetime | None = None) -> Board:
    """Return the board that the person sees."""
    return Board(BoardQuery(tab), viewer(user, now or timezone.now()))


def tag(user: User, tab: Tab = Tab.EVERYONE, *, now: datetime | None = None) -> str:
    """Return the ETag of that board."""
    return board.board_etag(BoardQuery(tab), viewer(user, now or timezone.now()))


def bar(user: User, *, now: datetime | None = None) -> warnings.WarningBar:
    """Return the person's warning bar."""
    return warnings.WarningBar(viewer(user, now or timezone.now()))
