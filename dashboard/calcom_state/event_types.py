"""Event types, asked for once a minute for all people and processes."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any, TypeVar

from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.audit import sanitize
from dashboard.calcom import EventType, EventTypeKind, Host, Listed, Team, endpoints
from dashboard.calcom.endpoints import Call
from dashboard.calcom_state import shared_answers
from dashboard.calcom_state.shared_answers import LastAnswer, Question

T = TypeVar("T")

FRESH_FOR = timedelta(seconds=60)


def listing() -> LastAnswer[Listed[EventType]]:
    """Return the event types that the key may list, by title."""
    return answer("all", endpoints.event_types(), listed_from_json)


def event_type(event_type_id: int) -> EventType | None:
    """Return one event type, or None where it cannot be read. Lists lack those of teams."""
    call = endpoints.event_type(event_type_id=event_type_id)
    return answer(str(event_type_id), call, event_type_from_json).value


def teams() -> tuple[Team, ...]:
    """Return the teams of the key's owner; empty where cal.com does not tell them."""
    return answer("teams", endpoints.teams(), teams_from_json).listed.entries


def answer(name: str, call: Call[T], from_json: Callable[[dict[str, Any]], T]) -> LastAnswer[T]:
    """Return cal.com's answer to a call, or the last one."""
    question = Question(name, call, to_json, from_json, FRESH_FOR)
    return shared_answers.answer(question, now=timezone.now())


def to_json(value: Any) -> Any:
    """Return an answer, a dataclass, without the characters that a database refuses."""
    return sanitize.to_json(asdict(value))


def listed_from_json(value: dict[str, Any]) -> Listed[EventType]:
    return Listed(tuple(map(event_type_from_json, value["entries"])), value["unread"])


def teams_from_json(value: dict[str, Any]) -> Listed[Team]:
    return Listed(tuple(Team(**team) for team in value["entries"]), value["unread"])


def event_type_from_json(item: dict[str, Any]) -> EventType:
    parsed = {
        "kind": EventTypeKind(item["kind"]),
        "length_options": tuple(item["length_options"]),
        "hosts": tuple(Host(**host) for host in item["hosts"]),
    }
    return EventType(**item | parsed)


def title_of(event_type: EventType | None) -> str:
    return event_type.title if event_type else ""


def title_or_number(event_type_id: int, title: str = "") -> str:
    """Return the title of an event type, or its number where the title is not known."""
    return title or _("Event type %(id)s") % {"id": event_type_id}


def kind_of(event_type: EventType | None) -> str:
    return str(event_type.kind) if event_type else ""


def columns_of(event_type: EventType | None) -> dict[str, Any]:
    """Return the columns in which a hold keeps its event type; of hosts id, name, and if fixed.

    A round robin with fixed hosts keeps those alone: the time is one for which they are free.
    """
    hosts = (event_type.fixed_hosts or event_type.hosts) if event_type else ()
    return {
        "event_type_title": title_of(event_type),
        "event_type_kind": kind_of(event_type),
        "hosts": [[host.id, host.name, host.is_fixed] for host in hosts],
    }


def length_of(event_type: EventType | None, slot_duration: int | None) -> int | None:
    """Return the length of a slot in minutes, or None where only cal.com's answer will tell."""
    if event_type is None or (slot_duration is not None and event_type.length_options):
        return slot_duration
    return event_type.length_in_minutes
