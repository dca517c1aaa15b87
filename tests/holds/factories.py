"""Holds put straight into the register, at moments of a test's own."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds import register
from dashboard.holds.models import Hold
from dashboard.pages import board, warnings
from dashboard.pages.board import Board, Tab
from dashboard.pages.rows import Viewer
from tests.holds.cast import CONSULT, MONDAY

# No two tests share a hold's number: the board keeps rendered rows by it.
_fresh = itertools.count(2_000_000)


def put(holder: User, *, seconds: float = 3600, **fields: Any) -> Hold:
    """A hold that is held for so many seconds more, unless ``fields`` say otherwise."""
    now = timezone.now()
    pk = next(_fresh)
    usual = {
        "event_type_id": CONSULT,
        "event_type_title": "Consult 60",
        "slot_start": MONDAY,
        "slot_end": MONDAY + timedelta(hours=1),
        "reservation_duration": 60,
        "reservation_uid": f"uid-{pk}",
        "state": Hold.State.HELD,
        "held_until": now + timedelta(seconds=seconds),
        "created_at": now,
        "changed_at": now,
    }
    return Hold.objects.create(pk=pk, holder=holder, **usual | fields)


def put_ended(holder: User, state: str = "released", *, ago: float = 60, **fields: Any) -> Hold:
    """A hold that ended so many seconds ago."""
    then = timezone.now() - timedelta(seconds=ago)
    return put(holder, state=state, ended_at=then, changed_at=then, **fields)


def viewer(user: User, now: datetime) -> Viewer:
    """Somebody who looks at a moment; fresh, as from another request."""
    return Viewer.of(User.objects.get(pk=user.pk), now)


def see(user: User, tab: Tab = Tab.EVERYONE, *, now: datetime | None = None) -> Board:
    """The board as somebody sees it at a moment."""
    who = viewer(user, now or timezone.now())
    return board.board(who, tab, register.read(who.now)[0])


def tag(user: User, tab: Tab = Tab.EVERYONE, *, now: datetime | None = None) -> str:
    """By which their page would know that it is still right."""
    who = viewer(user, now or timezone.now())
    return board.tag(who, tab, register.read(who.now)[0])


def bar(user: User, *, now: datetime | None = None) -> warnings.Bar:
    """What they are warned of."""
    return warnings.bar(viewer(user, now or timezone.now()))
