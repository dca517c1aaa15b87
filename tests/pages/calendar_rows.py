"""Calendars as Admins entered them, with the event types that cal.com listed."""

from __future__ import annotations

import itertools

from django.utils import timezone

from dashboard.calcom import EventType, EventTypeKind, Host, Listed
from dashboard.calcom_state import calcom_client
from dashboard.calcom_state.models import StoredAnswer
from dashboard.calendars import catalogue
from dashboard.calendars.models import Calendar
from tests.kept import forget_kept

_positions = itertools.count()


def event_type(
    number: int, title: str = "", *, hosts: tuple[Host, ...] = (), **fields: object
) -> EventType:
    """Return an event type of an hour for one person, unless ``fields`` differ."""
    usual = {
        "slug": f"type-{number}",
        "kind": EventTypeKind.INDIVIDUAL,
        "length_in_minutes": 60,
        "length_options": (),
        "seats_per_time_slot": None,
        "hidden": False,
    }
    title = title or f"Type {number}"
    return EventType(**{"id": number, "title": title, "hosts": hosts} | usual | fields)  # type: ignore[arg-type]


def calendar(label: str, *listed: EventType, colour: str = "blue", **fields: object) -> Calendar:
    """Return a stored calendar whose list is fresh."""
    now = timezone.now()
    made = Calendar(
        kind=Calendar.Kind.USER,
        reference=label,
        label=label,
        colour=colour,
        position=next(_positions),
        created_at=now,
        **fields,
    )
    made.save()
    question = catalogue.question(made)
    StoredAnswer.objects.create(
        source=calcom_client.source_digest(),
        name=question.name,
        asked_at=now,
        answered_at=now,
        value=question.to_json(Listed(listed)),
    )
    forget_kept()  # pages keep the calendars for half a minute
    return made
