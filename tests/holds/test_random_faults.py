"""Random verbs with random faults of their calls: what staff are told stays true."""

import random
from datetime import datetime, timedelta

import pytest
from django.db.models import Q
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds import settle, steps
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.verbs import COLLECTIVE, CONSULT, GROUP, KEY, MONDAY, ROUND_ROBIN, SHORT

EVENT_TYPES = (CONSULT, GROUP, SHORT, ROUND_ROBIN, COLLECTIVE)
VERBS = ("place", "place", "extend", "extend", "move", "change type", "release", "check")
SHARES = (0.1, 0.3, 0.5)  # of calls that meet a fault
MOST_CALLS = 20  # of one verb
FAULTS = (
    ("drop", "before"),
    ("drop", "during"),
    ("drop", "after"),
    ("502", "before"),
    ("502", "after"),
    ("truncated", "after"),
)
MINUTE = timedelta(minutes=1)
Place = tuple[int, datetime, datetime]  # event type, start, end of the reservation


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(9))
def test_random_verbs_meet_random_faults(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(steps, "FIRST_PAUSE", 0.01)
    calcom.set_limit(KEY, 100_000)
    for _ in range(14):
        before = places(calcom)
        for number in range(MOST_CALLS):
            if chance.random() < SHARES[seed % 3]:
                kind, when = chance.choice(FAULTS)
                calcom.faults.add(kind, when=when, skip=number)
        try:
            told = random_verb(staff, chance)
        except HoldError as error:
            if "No time was held" in error.safe:
                assert places(calcom) == before
            told = error.hold if "is unchanged" in error.safe else None
        assert told is None or told.pk not in untrue_holds(calcom)
        calcom.faults.clear()
    for minutes in (3, 5, 7):
        settle.settle_all(timezone.now() + minutes * MINUTE)

    assert not Hold.objects.filter(change__isnull=False).exists()
    assert untrue_holds(calcom) == []
    assert unaccounted(calcom) == []


def random_verb(staff: User, chance: random.Random) -> Hold | None:
    verb, hold = chance.choice(VERBS), chance.choice([None, *Hold.objects.order_by("pk")])
    start = MONDAY + chance.randrange(12) * 30 * MINUTE
    if verb == "place" or hold is None:
        event_type = chance.choice(EVENT_TYPES)
        return verbs.place(staff, event_type=event_type, start=start, minutes=60)
    if verb == "extend":
        return verbs.extend(staff, hold, chance.randrange(90, 110))
    if verb == "move":
        return verbs.move(staff, hold, start)
    if verb == "change type":
        return verbs.move(staff, hold, start, event_type_id=chance.choice(EVENT_TYPES))
    if verb == "release":
        return verbs.release(staff, hold)
    return verbs.check(staff, hold).hold


def places(calcom: Sandbox) -> dict[str, Place]:
    """Return the live reservations by uid."""
    return {row.uid: (row.event_type_id, row.start, row.release_at) for row in calcom.live_rows()}


def untrue_holds(calcom: Sandbox) -> list[int]:
    """Return the holds that are held in the register and not so at cal.com."""
    there = places(calcom)
    return [
        hold.pk
        for hold in Hold.objects.filter(state="held", change__isnull=True)
        if there.get(hold.reservation_uid or "")
        != (hold.event_type_id, hold.slot_start, hold.held_until)
    ]


def unaccounted(calcom: Sandbox) -> list[Place]:
    """Return the reservations that no held or unconfirmed hold accounts for."""
    held = set(Hold.objects.filter(state="held").values_list("reservation_uid", flat=True))
    unconfirmed = Hold.objects.filter(state="unconfirmed", reservation_uid=None)
    return [
        (event_type, start, until)
        for uid, (event_type, start, until) in places(calcom).items()
        if uid not in held
        and not unconfirmed.filter(
            Q(latest_end=None) | Q(latest_end__gte=until),
            event_type_id=event_type,
            slot_start=start,
        ).exists()
    ]
