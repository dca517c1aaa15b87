"""What the form of a new hold begins with: as an earlier hold had it, or the others of an offer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dashboard.holds import offers
from dashboard.holds.models import Hold
from dashboard.pages.numbers import number


def fields(asked: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """Of the hold numbered ``again`` or the offer numbered ``offer``, if there is such a one.

    Only their numbers stand in an address, nothing of the client. ``at`` is the moment on
    cal.com's clock.
    """
    offer_id, again = number(asked.get("offer")), number(asked.get("again"))
    if offer_id is not None:
        last = offers.of(offer_id).order_by("-id").first()
        return _of_offer(last) if last else {}
    hold = Hold.objects.filter(pk=again).first() if again is not None else None
    return _of_hold(hold, at) if hold else {}


def _of_offer(hold: Hold) -> dict[str, Any]:
    """The same client; the note is each hold's own."""
    return _what(hold) | {
        "offer": hold.offer_id,
        "client_name": hold.client_name,
        "client_contact": hold.client_contact,
    }


def _of_hold(hold: Hold, at: datetime) -> dict[str, Any]:
    """All of it, but for a time that is past."""
    start = {"slot_start": hold.slot_start} if hold.slot_start > at else {}
    client = {
        "client_name": hold.client_name,
        "client_contact": hold.client_contact,
        "note": hold.note,
    }
    return _what(hold) | client | start


def _what(hold: Hold) -> dict[str, Any]:
    return {"event_type_id": hold.event_type_id, "slot_duration": hold.slot_duration}
