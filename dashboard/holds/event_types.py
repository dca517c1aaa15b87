"""Event types, read through a short cache. They only inform; cal.com's POST decides."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar, cast

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from dashboard.calcom import Answer, CalcomError, EventType, Kind, Refused
from dashboard.holds import calcom_client, rate_and_clock

T = TypeVar("T")

# Seconds in the cache.
ANSWER_KEPT = 60
FAILURE_KEPT = 10
FALLBACK_KEPT = 3600  # the last answer, used while cal.com does not answer

MISSING = object()


def event_types() -> tuple[EventType, ...]:
    """Return the event types that the key may list, by title. Empty where it may list none."""
    found = cached("all", lambda: calcom_client.client().event_types())
    return tuple(sorted(found or (), key=lambda e: (e.title.lower(), e.id)))


def event_type(event_type_id: int) -> EventType | None:
    """Return one event type, or None where it cannot be read. Lists lack those of teams."""
    return cached(
        str(event_type_id), lambda: calcom_client.client().event_type(event_type_id=event_type_id)
    )


def title_of(event_type: EventType | None) -> str:
    return event_type.title[:200] if event_type else ""


def kind_of(event_type: EventType | None) -> str:
    return str(event_type.kind) if event_type else ""


def is_round_robin(kind: str) -> bool:
    return kind == Kind.ROUND_ROBIN


def length_of(event_type: EventType | None, slot_duration: int | None) -> int | None:
    """Return the length of a slot in minutes, or None where only cal.com's answer will tell."""
    if event_type is None:
        return None
    if slot_duration is not None and event_type.length_options:
        return slot_duration
    return event_type.length_in_minutes


def cached(name: str, call: Callable[[], Answer[T]]) -> T | None:
    """Return the value in the cache, or else that of ``call``. None where cal.com refuses.

    After any other failure, and where the rate allowance is used up, return the last answer of
    the past hour.
    """
    key, fallback_key = cache_key(name), cache_key(f"last:{name}")
    found = cache.get(key, MISSING)
    if found is not MISSING:
        return cast("T | None", found)
    upstream = rate_and_clock.load()
    kept = FAILURE_KEPT
    if upstream.room(timezone.now()) == 0:
        found = cache.get(fallback_key)
    else:
        try:
            answer = call()
        except CalcomError as error:
            rate_and_clock.learn(upstream, error.exchange, error)
            if isinstance(error, Refused):
                cache.delete(fallback_key)
            found = cache.get(fallback_key)
        else:
            rate_and_clock.learn(upstream, answer.exchange)
            found, kept = answer.value, ANSWER_KEPT
            cache.set(fallback_key, found, FALLBACK_KEPT)
        rate_and_clock.save(upstream)
    cache.set(key, found, kept)
    return cast("T | None", found)


def cache_key(name: str) -> str:
    """Return a key that differs by cal.com address and API key and does not reveal the API key."""
    source = hashlib.sha256(f"{settings.CALCOM_API_URL} {settings.CALCOM_API_KEY}".encode())
    return f"event-type:{source.hexdigest()[:16]}:{name}"
