"""Event types, read through a short cache. None of it decides anything: cal.com's POST does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar, cast

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from dashboard.calcom import Answer, CalcomError, EventType, Kind
from dashboard.holds import calls, upstream

T = TypeVar("T")

KEPT = 60  # seconds
FAILURE_KEPT = 10  # seconds: a key that may not list, or a cal.com that is down, is not asked again


def event_types() -> tuple[EventType, ...]:
    """The event types that the key lists, by title; none where it may not list."""
    found = cache.get(_key("all"))
    if found is None:
        found = _ask_all()
    return cast("tuple[EventType, ...]", found)


def event_type(event_type_id: int) -> EventType | None:
    """One event type, team types included, which no list shows. None where it cannot be read."""
    key = _key(str(event_type_id))
    found = cache.get(key, "unasked")
    if found == "unasked":
        found = _ask(lambda: calls.client().event_type(event_type_id=event_type_id))
        cache.set(key, found, FAILURE_KEPT if found is None else KEPT)
    return cast("EventType | None", found)


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


def _ask_all() -> tuple[EventType, ...]:
    answered = _ask(lambda: calls.client().event_types())
    found = tuple(sorted(answered or (), key=lambda e: (e.title.lower(), e.id)))
    cache.set(_key("all"), found, FAILURE_KEPT if answered is None else KEPT)
    return found


def _ask(call: Callable[[], Answer[T]]) -> T | None:
    """What cal.com answers; None where it does not, or where our key may not ask now."""
    known = upstream.load()
    if known.room(timezone.now()) == 0:
        return None
    try:
        answer = call()
    except CalcomError as error:
        upstream.learn(known, error.exchange, error)
        return None
    else:
        upstream.learn(known, answer.exchange)
        return answer.value
    finally:
        upstream.save(known)


def _key(name: str) -> str:
    """Apart for each cal.com and each key, and without the key in it."""
    source = hashlib.sha256(f"{settings.CALCOM_API_URL} {settings.CALCOM_API_KEY}".encode())
    return f"event-type:{source.hexdigest()[:16]}:{name}"
