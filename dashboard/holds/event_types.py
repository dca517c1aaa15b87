"""Event types, read through a short cache. They only inform; cal.com's POST decides."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from django.db import DatabaseError
from django.utils import timezone

from dashboard.calcom import Answer, CalcomError, Cause, EventType, Kind, Listed, Refused
from dashboard.holds import calcom_client, clock, rate_and_clock

T = TypeVar("T")
log = logging.getLogger(__name__)

# Seconds in the cache.
ANSWER_KEPT = 60
FAILURE_KEPT = 10
FALLBACK_KEPT = 3600  # the last answer, used while cal.com does not answer
# Failures that are quick to find out again, and that may be mended at any moment.
NOT_KEPT = {Cause.KEY_REJECTED, Cause.WRONG_ROUTE, Cause.RATE_LIMITED}


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """Last answer of the past hour, None without any, and the cause why there is no fresh one.

    ``asked_at`` is of ``clock.ticks``, as the local clock can be set while this is in the cache.
    """

    value: T | None
    cause: str = ""
    asked_at: float = field(default_factory=clock.ticks, compare=False)

    def is_fresh(self) -> bool:
        """Return whether cal.com need not be asked yet."""
        kept = FAILURE_KEPT if self.cause else ANSWER_KEPT
        return 0 <= clock.ticks() - self.asked_at < kept


def listing() -> Known[Listed[EventType]]:
    """Return the event types that the key may list, by title."""
    return cached("all", lambda: calcom_client.client().event_types())


def event_type(event_type_id: int) -> EventType | None:
    """Return one event type, or None where it cannot be read. Lists lack those of teams."""
    name = str(event_type_id)
    return cached(
        name, lambda: calcom_client.client().event_type(event_type_id=event_type_id)
    ).value


def title_of(event_type: EventType | None) -> str:
    return event_type.title[:200] if event_type else ""


def kind_of(event_type: EventType | None) -> str:
    return str(event_type.kind) if event_type else ""


def hosts_of(event_type: EventType | None) -> list[list[Any]]:
    """Return id and name of each host, as a hold keeps them."""
    return [[host.id, host.name] for host in event_type.hosts] if event_type else []


def is_round_robin(kind: str) -> bool:
    return kind == Kind.ROUND_ROBIN


def length_of(event_type: EventType | None, slot_duration: int | None) -> int | None:
    """Return the length of a slot in minutes, or None where only cal.com's answer will tell."""
    if event_type is None:
        return None
    if slot_duration is not None and event_type.length_options:
        return slot_duration
    return event_type.length_in_minutes


def cached(name: str, call: Callable[[], Answer[T]]) -> Known[T]:
    """Return what is in the cache, or else the answer to ``call``.

    After a failure other than a refusal, and where the rate allowance is used up, return the last
    answer of the past hour.
    """
    key, fallback_key = cache_key(name), cache_key(f"last:{name}")
    found: Known[T] | None = cache.get(key)
    if found is not None and found.is_fresh():
        return found
    upstream = rate_and_clock.load()
    if upstream.room(timezone.now()) == 0:
        return Known(cache.get(fallback_key), Cause.RATE_LIMITED)
    try:
        answer = call()
    except CalcomError as error:
        log.warning("Event types could not be read: %s", error)
        rate_and_clock.learn(upstream, error.exchange, error)
        if isinstance(error, Refused):
            cache.delete(fallback_key)
        found = Known(cache.get(fallback_key), error.cause)
        if error.cause not in NOT_KEPT:
            cache.set(key, found, FAILURE_KEPT)
    else:
        rate_and_clock.learn(upstream, answer.exchange)
        found = Known(answer.value)
        cache.set(key, found, ANSWER_KEPT)
        cache.set(fallback_key, answer.value, FALLBACK_KEPT)
    with suppress(DatabaseError):  # that takes no writes: the page can be shown even so
        rate_and_clock.save(upstream)
    return found


def cache_key(name: str) -> str:
    """Return a key that differs by cal.com's address and API key."""
    return f"event-type:{calcom_client.source()}:{name}"
