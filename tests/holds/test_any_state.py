"""Every hold that the register can have is settled in the end, and its pages can be shown."""

import itertools
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom import Answer, CalcomError, Cause, Exchange, Refused, endpoints
from dashboard.calcom.endpoints import Call
from dashboard.calcom_state import calcom_client
from dashboard.holds import settle
from dashboard.holds.change import Change, Phase
from dashboard.holds.models import Hold
from dashboard.holds.slots import SlotHold
from tests.holds import factories
from tests.holds.verbs import ALL, CONSULT, EVENT_TYPE, MONDAY, ONE
from tests.pages.desk import desk

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CLAIMS = {"free": None, "claimed": MINUTE, "given up": -MINUTE}
ENDS = {"ahead": HOUR, "past": -HOUR, "unknown": None}
CHANGES = ["", *(str(phase) for phase in Phase), "unreadable"]


class EmptyCalcom:
    """A cal.com without reservations or free times, which refuses to take any."""

    def answer_to(self, call: Call[Any]) -> Answer[None] | CalcomError:
        now = timezone.now()
        match call.method, call.path:
            case "GET", endpoints.RESERVATION:
                return Answer(None, Exchange("GET", ONE, now, now, 1, 200))
            case "GET", endpoints.EVENT_TYPE:
                later = now + 2 * MINUTE  # than any claim
                exchange = Exchange("GET", EVENT_TYPE, later, later, 1, 200, "request", later)
                return Answer(None, exchange)
        return Refused(Cause.ALREADY_RESERVED, Exchange("POST", ALL, now, now, 1, 422))


def cases(state: str) -> list[tuple[str, str, str]]:
    """Return claim, end and change of holds of one state.

    Any two of them occur together in each state, and all three in every third state.
    """
    turn = Hold.State.values.index(state)
    found = []
    for (n, end), (m, change) in itertools.product(enumerate(ENDS), enumerate(CHANGES)):
        claim = list(CLAIMS)[(n + m + turn) % len(CLAIMS)]
        if is_possible(state, claim, end, change):
            found.append((claim, end, change))
    return found


def is_possible(state: str, claim: str, end: str, change: str) -> bool:
    """Return whether this version or another can have written such a hold."""
    if state == "placing":
        return claim != "free"
    return end != "unknown" or (state != "held" and not change)


def change_of(kind: str, slot: SlotHold) -> Any:
    if kind in ("", "unreadable"):
        return {"": None, "unreadable": [kind]}[kind]
    parked = slot.slot_start - timedelta(weeks=200)
    target = replace(slot, held_until=slot.held_until + MINUTE)
    return Change("extend", Phase(kind), slot, target, slot.held_until - 3 * HOUR, parked).to_json()


def put(staff: User, state: str, claim: str, end: str, change: str) -> Hold:
    now = timezone.now()
    left, claim_left = ENDS[end], CLAIMS[claim]
    slot = SlotHold(CONSULT, MONDAY, MONDAY + HOUR, None, now + (left or HOUR))
    unanswered = state in ("placing", "unconfirmed") and not change
    return factories.put(
        staff,
        state=state,
        held_until=None if left is None or unanswered else slot.held_until,
        latest_end=slot.held_until if state == "unconfirmed" else None,
        reservation_uid=None if unanswered else f"nowhere-{uuid.uuid4()}",
        change=change_of(change, slot),
        claim_id=None if claim_left is None else uuid.uuid4(),
        claim_verb="" if claim_left is None else "extend",
        claim_until=None if claim_left is None else now + claim_left,
    )


@pytest.mark.slow  # many holds of each state, settled twice
@pytest.mark.parametrize("state", Hold.State.values)
def test_every_state_is_settled(staff: User, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    """With any claim, end and change: a claimed hold is left alone, all others end in time."""
    monkeypatch.setattr(calcom_client, "client", EmptyCalcom)
    holds = [put(staff, state, *case) for case in cases(state)]
    claimed = {hold.pk: hold.version for hold in holds if hold.is_claimed(timezone.now())}
    browser = desk(staff)

    for hold in holds:
        settle.load_settled(hold.pk, now=timezone.now())
    assert dict(Hold.objects.filter(pk__in=claimed).values_list("pk", "version")) == claimed
    pages = [f"/?tab={tab}" for tab in ("everyone", "attention", "ended")]
    pages += [f"/holds/{hold.pk}/" for hold in holds[::15]]
    assert {page: browser.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)

    now = timezone.now()
    for later in (now + 6 * HOUR, now + 12 * HOUR):
        settle.settle_all(later)
    left = [
        (hold.state, hold.claim_id, hold.change)
        for hold in Hold.objects.all()
        if not hold.has_ended or hold.claim_id or hold.change
    ]
    assert left == []
