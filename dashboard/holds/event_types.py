"""Event types, read through a short cache. None of it decides anything: cal.com's POST does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar, cast

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from dashboard.calcom import Answer, CalcomError, EventType, Kind, Refused
from dashboard.holds import calls, rate_and_clock

T = TypeVar("T")

KEPT = 60  # seconds
FAILURE_KEPT = 10  # seconds: a key that may not list, or a cal.com that is down, is not asked again
LAST_KEPT = 3600  # seconds: what was read last stands in while cal.com does not answer

UNASKED = "unasked"


class NotNowError(Exception):
    """The rate leaves no room for the question."""


def event_types() -> tuple[EventType, ...]:
    """The event types that the key lists, by title; none where it may not list."""
    found = _kept("all", lambda: calls.client().event_types())
    return tuple(sorted(found or (), key=lambda e: (e.title.lower(), e.id)))


def event_type(event_type_id: int) -> EventType | None:
    """One event type, team types included, which no list shows. None where it cannot be read."""
    return _kept(str(event_type_id), lambda: calls.client().event_type(event_type_id=event_type_id))


def title_of(known: EventType | None) -> str:
    return known.title[:200] if known else ""


def kind_of(known: EventType | None) -> str:
    return str(known.kind) if known else ""


def is_round_robin(kind: str) -> bool:
    return kind == Kind.ROUND_ROBIN


def length_of(known: EventType | None, slot_duration: int | None) -> int | None:
    """Minutes of a slot; None where they are not known before cal.com answers."""
    if known is None:
        return None
    if slot_duration is not None and known.length_options:
        return slot_duration
    return known.length_in_minutes


def _kept(name: str, call: Callable[[], Answer[T]]) -> T | None:
    """What was read a moment ago, or else is read now. None where cal.com refuses to tell."""
    key, last = _key(name), _key(f"last:{name}")
    kept = cache.get(key, UNASKED)
    if kept != UNASKED:
        return cast("T | None", kept)
    found: T | None = None
    try:
        found = _ask(call)
    except Refused:
        cache.delete(last)
    except (CalcomError, NotNowError):
        found = cast("T | None", cache.get(last))
    else:
        cache.set(key, found, KEPT)
        cache.set(last, found, LAST_KEPT)
        return found
    cache.set(key, found, FAILURE_KEPT)
    return found


def _ask(call: Callable[[], Answer[T]]) -> T:
    """What cal.com answers. Raises CalcomError, NotNowError."""
    known = rate_and_clock.load()
    if known.room(timezone.now()) == 0:
        raise NotNowError
    try:
        answer = call()
    except CalcomError as error:
        rate_and_clock.learn(known, error.exchange, error)
        raise
    else:
        rate_and_clock.learn(known, answer.exchange)
        return answer.value
    finally:
        rate_and_clock.save(known)


def _key(name: str) -> str:
    """Apart for each cal.com and each key, and without the key in it."""
    source = hashlib.sha256(f"{settings.CALCOM_API_URL} {settings.CALCOM_API_KEY}".encode())
    return f"event-type:{source.hexdigest()[:16]}:{name}"
