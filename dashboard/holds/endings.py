"""How a verb ends: what its calls brought, in the register, in the audit and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dashboard.calcom import CalcomError, Refused, Reservation, Unavailable
from dashboard.holds import messages
from dashboard.holds.calls import Action
from dashboard.holds.changes import Change, Phase, Spot
from dashboard.holds.claims import ClaimLostError
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError, Outcome
from dashboard.holds.ways import (
    BackAgainError,
    GoneError,
    LostError,
    RetakeNeededError,
    UnsettledError,
)

State = Hold.State

INSTANT = timedelta(seconds=1)  # stands for a length that is not known

# What is left of a verb after its claim and intent: it talks to cal.com and records the end.
Rest = Callable[[], Hold]


def snapshot(hold: Hold) -> dict[str, Any]:
    """What the audit keeps of a hold: neither uid nor anything of the client."""
    return {
        "state": str(hold.state),
        "event_type_id": hold.event_type_id,
        "slot_start": iso(hold.slot_start),
        "slot_end": iso(hold.slot_end),
        "held_until": iso(hold.held_until),
    }


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def held(reservation: Reservation) -> dict[str, Any]:
    """The fields of a hold that stands as cal.com says."""
    return {
        "state": State.HELD,
        "event_type_id": reservation.event_type_id,
        "slot_start": reservation.slot_start,
        "slot_end": reservation.slot_end,
        "held_until": reservation.reservation_until,
        "latest_end": None,
        "ended_at": None,
        "end_reason": "",
    }


def ended(state: Hold.State, at: datetime, *, reason: str = "") -> dict[str, Any]:
    """The fields of a hold that has ended."""
    return {"state": state, "ended_at": at, "end_reason": reason, "change": None}


@contextmanager
def within_claim(action: Action, hold: Hold) -> Iterator[None]:
    """Raises HoldError when the verb took longer than its claim, so that it may not write."""
    try:
        yield
    except ClaimLostError as late:
        raise took_too_long(action, hold) from late


def in_the_way(error: CalcomError, hold: Hold, spot: Spot, at: datetime) -> list[Hold]:
    """Other holds of ours at that time: the first thing to know where it was refused.

    One whose answer never came is among them: who asks again is often refused by their own.
    """
    if not isinstance(error, Refused):
        return []
    end = max(spot.slot_end, spot.slot_start + INSTANT)
    there = Hold.objects.overlapping(spot.event_type_id, spot.slot_start, end)
    return list(there.keeping(at).exclude(pk=hold.pk).select_related("holder").order_by("pk")[:5])


def carry_out(action: Action, hold: Hold, way: Callable[[], Reservation], *, target: Spot) -> Hold:
    """Run a way of extending or moving to the target, and record how it ended. Raises HoldError."""
    with within_claim(action, hold):
        reservation = _go(action, hold, way, target)
        kept = held(reservation) | {"slot_duration": target.slot_duration}
        finish(action, hold, Outcome.OK, **kept, change=None)
    return hold


def _go(action: Action, hold: Hold, way: Callable[[], Reservation], target: Spot) -> Reservation:
    try:
        return way()
    except (Refused, Unavailable) as error:
        finish(action, hold, messages.outcome_of(error), change=None)
        raise _turned_down(action, hold, error, target) from error
    except RetakeNeededError as needed:
        finish(action, hold, Outcome.REFUSED, cause="retake_needed", change=None)
        raise messages.offer_retake(hold, action.at()) from needed
    except BackAgainError as back:
        finish(action, hold, Outcome.REFUSED, **held(back.reservation), change=None)
        raise _turned_down(action, hold, back.error, target) from back
    except UnsettledError as unsettled:
        raise unknown(action, hold, unsettled.error, unsettled.change) from unsettled
    except GoneError as gone:
        raise is_gone(action, hold) from gone
    except LostError as taken:
        raise _lost(action, hold, taken) from taken


def _turned_down(action: Action, hold: Hold, error: CalcomError, target: Spot) -> HoldError:
    at = action.at()
    others = in_the_way(error, hold, target, at)
    return messages.of_call(error, safe=messages.still_yours(hold, at), hold=hold, others=others)


def unknown(action: Action, hold: Hold, error: CalcomError, change: Change) -> HoldError:
    """The change stays written down; settling goes on with it."""
    finish(action, hold, Outcome.UNKNOWN, change=change.to_json())
    failure = messages.of_call(
        error, safe=messages.being_restored(hold, change.settled_by), hold=hold
    )
    failure.outcome = Outcome.UNKNOWN
    return failure


def vanished(hold: Hold, at: datetime) -> Hold.State:
    """What has become of a hold that cal.com does not have."""
    return State.GONE if hold.is_live(at) else State.EXPIRED


def is_gone(action: Action, hold: Hold) -> HoldError:
    """cal.com does not have it any more."""
    state = vanished(hold, action.at())
    finish(action, hold, Outcome.REFUSED, cause="gone", **ended(state, action.at()))
    return messages.has_ended(hold)


def took_too_long(action: Action, hold: Hold) -> HoldError:
    """Somebody else may be at work on the hold: nothing of it is written any more."""
    action.give_up()
    hold.refresh_from_db()
    return messages.took_too_long(hold)


def _lost(action: Action, hold: Hold, taken: LostError) -> HoldError:
    """Record the loss, then delete the parked row; what fails there is settled later."""
    discarding = replace(taken.change, phase=Phase.DISCARDING, settled_by=action.settled_by())
    cause = str(taken.error.cause)
    action.write(**ended(State.LOST, action.at(), reason=cause) | {"change": discarding.to_json()})
    failure = messages.lost(hold, cause, taken.error.message)
    try:
        action.delete(hold.reservation_uid or "")
    except CalcomError:
        finish(action, hold, Outcome.REFUSED, cause="lost")
    else:
        finish(action, hold, Outcome.REFUSED, cause="lost", change=None)
    return failure


def finish(
    action: Action,
    hold: Hold,
    outcome: Outcome,
    *,
    cause: str = "",
    reason: str = "",
    **fields: Any,
) -> None:
    """Record how the verb ended, in the register and in the audit."""
    for name, value in fields.items():
        setattr(hold, name, value)
    action.finish(outcome, after=snapshot(hold), cause=cause, reason=reason, **fields)
