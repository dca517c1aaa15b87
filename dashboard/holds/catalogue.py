"""The catalogue: event types by calendar, as cal.com last listed them.

Each calendar is asked for at most once in FRESH_FOR by all people and processes together, and the
calls run in parallel. A list that is not fresh is shown, and says why. Lists only inform; cal.com's
POST decides. Without a calendar the catalogue has an unsaved one: of the key's owner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from dashboard.calcom import Answer, CalcomError, Cause, EventType, Listed, Refused, endpoints
from dashboard.calendars.models import Calendar
from dashboard.holds import calcom_client, event_types, rate_and_clock
from dashboard.holds.free_times import NO_ROOM, UNDER_WAY, ask_together, room_for_lists

FRESH_FOR = timedelta(minutes=5)
FAILURE_KEPT = timedelta(seconds=10)  # longer than a call can take


@dataclass(frozen=True)
class Catalogue:
    """Calendars in the Admins' order. Every event type is in one of them: see ``grouped``."""

    calendars: tuple[Calendar, ...]

    def __post_init__(self) -> None:
        for calendar in self.calendars:
            calendar.is_for_reading = True

    @property
    def has_calendars(self) -> bool:
        """Return False where there is only the unsaved one with the key's own event types."""
        return any(calendar.pk for calendar in self.calendars)

    @property
    def shown(self) -> tuple[Calendar, ...]:
        """Calendars to choose from; paused ones too, which take no new hold."""
        return tuple(calendar for calendar in self.calendars if not calendar.is_hidden)

    @cached_property
    def by_id(self) -> dict[int, tuple[Calendar, EventType]]:
        """Calendar and event type by the event type's id."""
        return {
            each.id: (calendar, each)
            for calendar in self.calendars
            for each in calendar.event_types
        }

    def calendar_of(self, event_type_id: int) -> Calendar | None:
        """Return the calendar of an event type, None for one that no list has."""
        found = self.by_id.get(event_type_id)
        return found[0] if found else None

    def event_type(self, event_type_id: int) -> EventType | None:
        found = self.by_id.get(event_type_id)
        return found[1] if found else None


def catalogue(*, now: datetime) -> Catalogue:
    """Return the event types of all calendars, after asking cal.com where a list is not fresh."""
    calendars = list(Calendar.objects.all())
    if not calendars:
        own = event_types.listing()
        listed = own.value or Listed(())
        calendar = Calendar(colour="", unread=listed.unread, cause=own.cause)
        calendar.event_types = listed.entries
        return Catalogue((calendar,))
    refresh(calendars, now=now)
    return grouped(calendars)


def last_known() -> Catalogue:
    """Return the event types of all calendars as last listed. Without a calendar it is empty."""
    return grouped(list(Calendar.objects.all()))


def listing(event_type_id: int, *, now: datetime) -> Catalogue:
    """Return the catalogue to tell whose an event type is.

    Asks cal.com where none of the last lists has it: the event type, or the key, may be new.
    """
    known = last_known()
    is_missing = known.has_calendars and known.calendar_of(event_type_id) is None
    return catalogue(now=now) if is_missing else known


def event_type(event_type_id: int, known: Catalogue | None = None) -> EventType | None:
    """Return one event type, or None where it cannot be read.

    cal.com's answer by id lacks those of other people, whose lists have them. ``known`` is what
    the caller has read of those.
    """
    if known is None:
        known = last_known()
    return known.event_type(event_type_id) or event_types.event_type(event_type_id)


def grouped(calendars: Sequence[Calendar]) -> Catalogue:
    """Leave each event type to one calendar: its own, else the first that lists it.

    A calendar's ``cause`` tells why its present list is not known: a Cause, NO_ROOM or UNDER_WAY.
    """
    source = calcom_client.source()
    single = {int(each.reference) for each in calendars if each.kind == Calendar.Kind.EVENT_TYPE}
    seen: set[int] = set()
    for calendar in calendars:
        known = calendar.event_types if calendar.source == source else ()
        if calendar.kind != Calendar.Kind.EVENT_TYPE:
            known = tuple(each for each in known if each.id not in single | seen)
        seen.update(each.id for each in known)
        calendar.event_types = known
        calendar.cause = calendar.cause or ("" if calendar.answered_at else UNDER_WAY)
    return Catalogue(tuple(calendars))


# --- Asking cal.com ---------------------------------------------------------------------------


def refresh(calendars: Sequence[Calendar], *, now: datetime) -> None:
    """Ask cal.com for the lists that are not fresh, and store its answers.

    Leaves a part of the rate allowance for holds. Where that is not enough for all lists, those
    that were asked for longest ago come first.
    """
    stale = sorted(
        (each for each in calendars if not is_fresh(each, now)),
        key=lambda each: (each.asked_at is not None, each.asked_at or now),
    )
    if not stale:
        return
    upstream = rate_and_clock.load()
    room = room_for_lists(upstream, now)
    if room is not None:
        for calendar in stale[room:]:
            calendar.cause = Cause.RATE_LIMITED if upstream.is_blocked(now) else NO_ROOM
    claimed = [calendar for calendar in stale[:room] if claim(calendar, now=now)]
    for calendar, answer in ask_together(claimed, ask):
        if answer is not None:
            rate_and_clock.learn(upstream, answer)
        store(calendar, answer)
    rate_and_clock.save(upstream)


def is_fresh(calendar: Calendar, now: datetime) -> bool:
    if calendar.asked_at is None or calendar.source != calcom_client.source():
        return False
    is_answered = calendar.answered_at == calendar.asked_at and not calendar.cause
    kept = FRESH_FOR if is_answered else FAILURE_KEPT
    return calendar.asked_at - kept < now < calendar.asked_at + kept


def claim(calendar: Calendar, *, now: datetime) -> bool:
    """Return whether this request asks for the list, and not another one that was first.

    The claim is of this address and key, so what others answered goes with it.
    """
    unclaimed = Calendar.objects.filter(pk=calendar.pk, asked_at=calendar.asked_at)
    if calendar.source != calcom_client.source():
        calendar.source = calcom_client.source()
        forget(calendar)
    claimed = unclaimed.update(
        asked_at=now,
        source=calendar.source,
        listed=calendar.listed,
        unread=calendar.unread,
        answered_at=calendar.answered_at,
    )
    if claimed:
        calendar.asked_at = now
    return bool(claimed)


def forget(calendar: Calendar) -> None:
    """Drop the list that a calendar has."""
    calendar.listed, calendar.unread, calendar.answered_at = [], 0, None
    calendar.__dict__.pop("event_types", None)  # cached


def ask(calendar: Calendar) -> Answer[Listed[EventType]]:
    """Return what cal.com lists of a calendar. Raises CalcomError."""
    client = calcom_client.client()
    match calendar.kind:
        case Calendar.Kind.USER:
            return client.send(endpoints.event_types(username=calendar.reference))
        case Calendar.Kind.TEAM:
            return client.send(endpoints.team_event_types(team_id=int(calendar.reference)))
    number = int(calendar.reference)
    if calendar.username:
        answer = client.send(endpoints.event_types(username=calendar.username))
        found = tuple(each for each in answer.value.entries if each.id == number)
        return Answer(Listed(found), answer.exchange)
    single = client.send(endpoints.event_type(event_type_id=number))
    return Answer(Listed((single.value,)), single.exchange)


def store(calendar: Calendar, answer: Answer[Listed[EventType]] | CalcomError | None) -> None:
    """Store an answer that this request asked for. A failure keeps the last one.

    A refusal keeps nothing: cal.com does not let the key read it any more.
    """
    if isinstance(answer, Refused):
        forget(calendar)
    if answer is None or isinstance(answer, CalcomError):
        calendar.cause = answer.cause if answer else UNDER_WAY
    else:
        calendar.take(answer.value)
    Calendar.objects.filter(pk=calendar.pk, asked_at=calendar.asked_at).update(
        **{name: getattr(calendar, name) for name in Calendar.ANSWER_FIELDS}
    )
