"""Event types, asked for once a minute for all people and processes.

They only inform; cal.com's POST decides. See ``LastAnswer`` for how processes share an answer.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.audit import sanitize
from dashboard.calcom import CalcomError, Cause, EventType, Listed, Refused, endpoints
from dashboard.calcom.endpoints import Call
from dashboard.calendars.models import event_type_from_json
from dashboard.holds import calcom_client, free_times, rate_and_clock
from dashboard.holds.calcom_status import StoredAnswer, Upstream

T = TypeVar("T")
log = logging.getLogger(__name__)

ANSWER_KEPT = timedelta(seconds=60)
FAILURE_KEPT = timedelta(seconds=10)  # also the time that a process may take to ask
FALLBACK_KEPT = timedelta(hours=1)  # the last answer, used while cal.com does not answer
# Failures that are quick to find out again, and that may be mended at any moment.
NOT_KEPT = {Cause.KEY_REJECTED, Cause.WRONG_ROUTE, Cause.RATE_LIMITED}


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """Last answer of the past hour, None without any, and the cause why there is no fresh one."""

    value: T | None
    cause: str = ""


def listing() -> Known[Listed[EventType]]:
    """Return the event types that the key may list, by title."""
    return cached("all", endpoints.event_types(), listed_from_json)


def event_type(event_type_id: int) -> EventType | None:
    """Return one event type, or None where it cannot be read. Lists lack those of teams."""
    call = endpoints.event_type(event_type_id=event_type_id)
    return cached(str(event_type_id), call, event_type_from_json).value


def listed_from_json(value: dict[str, Any]) -> Listed[EventType]:
    return Listed(tuple(map(event_type_from_json, value["entries"])), value["unread"])


def title_of(event_type: EventType | None) -> str:
    return event_type.title if event_type else ""


def title_or_number(event_type_id: int, title: str = "") -> str:
    """Return the title of an event type, or its number where the title is not known."""
    return title or _("Event type %(id)s") % {"id": event_type_id}


def kind_of(event_type: EventType | None) -> str:
    return str(event_type.kind) if event_type else ""


def columns_of(event_type: EventType | None) -> dict[str, Any]:
    """Return the columns in which a hold keeps its event type; of hosts id and name."""
    return {
        "event_type_title": title_of(event_type),
        "event_type_kind": kind_of(event_type),
        "hosts": [[host.id, host.name] for host in event_type.hosts] if event_type else [],
    }


def length_of(event_type: EventType | None, slot_duration: int | None) -> int | None:
    """Return the length of a slot in minutes, or None where only cal.com's answer will tell."""
    if event_type is None or (slot_duration is not None and event_type.length_options):
        return slot_duration
    return event_type.length_in_minutes


def cached(name: str, call: Call[T], from_json: Callable[[dict[str, Any]], T]) -> Known[T]:
    """Return the stored answer if it is fresh, or else the answer to ``call``.

    After a failure other than a refusal, where the rate allowance is used up, and while cal.com
    hangs, return the last answer of the past hour. A database that takes no writes stores nothing,
    but can be read.
    """
    now = timezone.now()
    row = row_of(name, now)
    is_of_another_release = row.answered_at == row.asked_at and read(row, from_json) is None
    if not is_fresh(row, now) or is_of_another_release:
        upstream = rate_and_clock.load()
        if upstream.room(now) == 0:
            row.cause = Cause.RATE_LIMITED
        elif rate_and_clock.hangs():
            row.cause = free_times.UNDER_WAY
        elif is_first(row, now):
            ask(row, call, upstream)
    row = row.wait(time.monotonic() + free_times.PATIENCE)
    is_recent = row.answered_at is not None and abs(now - row.answered_at) < FALLBACK_KEPT
    value = read(row, from_json) if is_recent else None
    return Known(value, row.cause or (free_times.UNDER_WAY if value is None else ""))


def read(row: StoredAnswer, from_json: Callable[[dict[str, Any]], T]) -> T | None:
    """Return the value of a row; None without one, or where another release wrote it."""
    try:
        return None if row.value is None else from_json(row.value)
    except (KeyError, TypeError, ValueError):
        return None


def row_of(name: str, now: datetime) -> StoredAnswer:
    """Return the row of a question. It is of cal.com's address and API key."""
    key = {"source": calcom_client.source(), "name": name}
    long_ago = now - ANSWER_KEPT
    try:
        return StoredAnswer.objects.get_or_create(**key, defaults={"asked_at": long_ago})[0]
    except DatabaseError:
        return StoredAnswer(**key, asked_at=long_ago)


def is_fresh(row: StoredAnswer, now: datetime) -> bool:
    """Return whether cal.com need not be asked yet, also after the local clock was set."""
    kept = ANSWER_KEPT if row.answered_at == row.asked_at else FAILURE_KEPT
    return row.cause not in NOT_KEPT and abs(now - row.asked_at) < kept


def is_first(row: StoredAnswer, now: datetime) -> bool:
    """Return whether this request is to ask, and not another one that was first."""
    with suppress(DatabaseError):
        if row.pk is not None:
            return row.claim(now)
    row.asked_at, row.cause = now, ""
    return True


def ask(row: StoredAnswer, call: Call[T], upstream: Upstream) -> None:
    """Set cal.com's answer, or the cause of its failure, and store it. A refusal keeps nothing."""
    try:
        answer = calcom_client.client().send(call)
    except CalcomError as error:
        log.warning("Event types could not be read: %s", error)
        rate_and_clock.learn(upstream, error)
        row.cause = str(error.cause)
        if isinstance(error, Refused):
            row.value = None
    else:
        rate_and_clock.learn(upstream, answer)
        # Without the characters that a database refuses, or others would ask again and again.
        row.value = sanitize.to_json(asdict(answer.value))  # type: ignore[call-overload]
        row.answered_at = row.asked_at
    with suppress(DatabaseError):
        row.store("value", "answered_at", "cause")
        StoredAnswer.objects.filter(asked_at__lt=row.asked_at - FALLBACK_KEPT).delete()
        rate_and_clock.save(upstream)
