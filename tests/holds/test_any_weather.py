"""Whatever breaks on the way: what staff are told is so, and in the end nothing is lost."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds import calls, checks, settle, ways
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.calcom.scripted import scripted
from tests.holds import cast
from tests.holds.cast import COLLECTIVE, CONSULT, GROUP, MONDAY, ROUND_ROBIN, SHORT
from tests.holds.flaky_proxy import line_to

KINDS = (CONSULT, GROUP, SHORT, ROUND_ROBIN, COLLECTIVE)
DEEDS = ("place", "place", "extend", "extend", "move", "swap", "release", "check")
MINUTE = timedelta(minutes=1)
Place = tuple[int, datetime, datetime]


@pytest.mark.parametrize("seed", range(16))
def test_any_deeds_in_any_weather(
    calcom: Sandbox, staff: User, settings: Any, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(ways, "FIRST_PAUSE", 0.01)
    calcom.set_limit("cal_ownerfast0123456789", 100_000)
    with scripted(line_to(calcom.url, chance, hurt=chance.choice((0.1, 0.3, 0.5)))) as line:
        settings.CALCOM_API_URL = line.url
        cache.clear()
        for _ in range(14):
            before = places(calcom)
            try:
                told = some_deed(staff, chance)
            except HoldError as error:
                if "No time is held" in error.problem.safe:
                    assert places(calcom) == before
                told = error.hold if "is unchanged" in error.problem.safe else None
            assert told is None or told.pk not in untrue(calcom)
        calls.close_client()
    settings.CALCOM_API_URL = calcom.url
    for minutes in (3, 5, 7):
        settle.settle_changes(timezone.now() + minutes * MINUTE)

    assert not Hold.objects.filter(change__isnull=False).exists()
    assert untrue(calcom) == []
    assert unknown(calcom) == []


def some_deed(staff: User, chance: random.Random) -> Hold | None:
    deed, hold = chance.choice(DEEDS), chance.choice([None, *Hold.objects.order_by("pk")])
    start = MONDAY + chance.randrange(12) * 30 * MINUTE
    if deed == "place" or hold is None:
        return cast.place(staff, event_type=chance.choice(KINDS), start=start, minutes=60)
    if deed == "extend":
        return cast.extend(staff, hold, chance.randrange(90, 110))
    if deed == "move":
        return cast.move(staff, hold, start)
    if deed == "swap":
        return cast.move(staff, hold, start, event_type_id=chance.choice(KINDS))
    if deed == "release":
        return cast.release(staff, hold)
    return checks.check(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now()).hold


def places(calcom: Sandbox) -> dict[str, Place]:
    """What cal.com keeps from others, by uid."""
    return {row.uid: (row.event_type_id, row.start, row.release_at) for row in calcom.live_rows()}


def untrue(calcom: Sandbox) -> list[int]:
    """Holds that we say stand, and that do not stand so."""
    there = places(calcom)
    return [
        hold.pk
        for hold in Hold.objects.filter(state="held", change__isnull=True)
        if there.get(hold.reservation_uid or "")
        != (hold.event_type_id, hold.slot_start, hold.held_until)
    ]


def unknown(calcom: Sandbox) -> list[Place]:
    """What stands at cal.com, and is not in the register, not even as perhaps held."""
    held = set(Hold.objects.filter(state="held").values_list("reservation_uid", flat=True))
    perhaps = Hold.objects.filter(state="unconfirmed", reservation_uid=None)
    return [
        (event_type, start, until)
        for uid, (event_type, start, until) in places(calcom).items()
        if uid not in held
        and not perhaps.filter(
            event_type_id=event_type, slot_start=start, latest_end__gte=until
        ).exists()
    ]
