"""Add a calendar: what was typed is looked for at cal.com, and so is the right to hold for it.

Nothing is stored of what cal.com does not know, or may not be held for longer than 5 minutes.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.actors import Actor
from dashboard.audit.trail import Action, Outcome
from dashboard.calcom import (
    LARGEST_INTEGER,
    CalcomError,
    Cause,
    EventType,
    EventTypeKind,
    Host,
    Team,
    endpoints,
)
from dashboard.calcom.cleansing import cleanse
from dashboard.calcom_state import rate_and_clock
from dashboard.calendars import changes
from dashboard.calendars.models import Calendar
from dashboard.holds import messages
from dashboard.holds.operation import Operation
from dashboard.holds.problems import HoldError
from dashboard.holds.slots import parking_places
from dashboard.holds.steps import outcome_of

Kind = Calendar.Kind

CALLS = 3  # at most: the list, the teams, the question for the right to hold
NUMBER = re.compile(r"[1-9]\d{0,9}", re.ASCII)
NAME = re.compile(r"[\w.+-]{1,100}")
LABEL = 100  # characters
NO_LENGTH = -1  # minutes, which no event type offers


@dataclass(frozen=True, slots=True)
class Wanted:
    """A calendar as typed: a user name, a team by its slug or id, or an event type by its id.

    With ``slug`` it is that event type of the user or team.
    """

    username: str = ""
    team_slug: str = ""
    team_id: int | None = None
    event_type_id: int | None = None
    slug: str = ""


def add(
    *,
    typed: str = "",
    team_id: int | None = None,
    label: str = "",
    colour: str = Calendar.Colour.GREY,
    by: Actor,
    now: datetime,
) -> Calendar:
    """Add what was typed, or a team by its id. Without a label it gets cal.com's own name.

    Raises HoldError, with messages beside the fields ``typed`` and ``team_id``.
    """
    field = "team_id" if team_id is not None else "typed"
    # A key or a uid may be pasted into the wrong field, and the log keeps what it is told.
    reference = (
        str(team_id) if team_id is not None else cleanse(typed, (settings.CALCOM_API_KEY,), LABEL)
    )
    changes.require_admin(
        Action.CALENDAR_ADDED, Calendar(label=label, reference=reference), by=by, now=now
    )
    asked = {"calendar": label, "reference": reference}
    with Operation(Action.CALENDAR_ADDED, by=by, asked=asked, now=now) as operation:
        wanted = Wanted(team_id=team_id) if team_id is not None else read(typed)
        operation.require_calls(CALLS, None)
        try:
            calendar = find(operation, wanted, field)
        except CalcomError as error:
            raise not_found(error, wanted, field) from error
        finally:
            rate_and_clock.save(operation.upstream)
        calendar.label, calendar.colour = (label or calendar.label)[:LABEL], colour
        require_new(calendar, field)
        require_right_to_hold(operation, calendar, field)
        try:
            with transaction.atomic(durable=True):
                changes.insert(calendar, by=by, now=operation.now())
                after = changes.audit_identity(calendar) | changes.audit_values(calendar)
                operation.record_outcome(Outcome.OK, after=after)
        except IntegrityError:  # a colleague added it meanwhile
            operation.finish(Outcome.REFUSED, cause="our_rule")
            require_new(calendar, field)
            raise
    return calendar


def read(typed: str) -> Wanted:
    """Read a user name, the number of an event type, or an address at cal.com.

    The address may be that of a person or a team, or of one of their event types, on any host.
    Raises HoldError.
    """
    text = typed.strip()
    if NUMBER.fullmatch(text) and int(text) <= LARGEST_INTEGER:
        return Wanted(event_type_id=int(text))
    if "/" not in text and NAME.fullmatch(text):
        return Wanted(username=text)
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:  # of brackets in a host's place
        address = urlsplit("")
    match [unquote(part) for part in address.path.split("/") if part]:
        case ["team", team]:
            return Wanted(team_slug=team)
        case ["team", team, slug]:
            return Wanted(team_slug=team, slug=slug)
        case [name] if NAME.fullmatch(name):
            return Wanted(username=name)
        case [name, slug] if NAME.fullmatch(name):
            return Wanted(username=name, slug=slug)
    message = _("Give a user name, the number of an event type, or an address at cal.com.")
    raise messages.invalid("typed", message)


# --- Asking cal.com ---------------------------------------------------------------------------


def find(operation: Operation, wanted: Wanted, field: str) -> Calendar:
    """Return the calendar with what cal.com lists of it, not saved. Raises CalcomError, HoldError.

    cal.com answers alike for an unknown user or team and for one without event types.
    """
    calendar = Calendar()
    if wanted.event_type_id is not None:
        single = operation.ask(endpoints.event_type(event_type_id=wanted.event_type_id))
        if single.kind is EventTypeKind.MANAGED:
            words = _("cal.com only copies this event type to people: add the people instead.")
            raise messages.invalid(field, words)
        return as_single(calendar, single)
    if wanted.username:
        listed = operation.ask(endpoints.event_types(username=wanted.username))
        hosts = {host for each in listed.entries for host in each.hosts}
        host = hosts.pop() if len(hosts) == 1 else Host(None, wanted.username, "")
        # As cal.com spells it, so that the same person is not added twice.
        calendar.kind, calendar.reference = Kind.USER, host.username or wanted.username
        calendar.label = host.name
    else:
        team = find_team(operation, wanted, field)
        listed = operation.ask(endpoints.team_event_types(team_id=team.id))
        calendar.kind, calendar.reference, calendar.label = Kind.TEAM, str(team.id), team.name
    if not listed.entries:
        words = _("cal.com lists nothing of %(name)s: not known there, or nothing is public.")
        raise messages.invalid(field, words, name=wanted.username or calendar.label)
    if not wanted.slug:
        calendar.event_types = listed.entries
        return calendar
    for each in listed.entries:
        if each.slug.casefold() == wanted.slug.casefold():
            calendar.username = wanted.username  # a team's can be read by its id
            return as_single(calendar, each)
    words = _("cal.com lists no event type “%(slug)s” of %(name)s.")
    raise messages.invalid(field, words, slug=wanted.slug, name=calendar.label)


def as_single(calendar: Calendar, event_type: EventType) -> Calendar:
    calendar.kind, calendar.reference = Kind.EVENT_TYPE, str(event_type.id)
    calendar.label = event_type.title
    calendar.event_types = (event_type,)
    return calendar


def find_team(operation: Operation, wanted: Wanted, field: str) -> Team:
    """Return a team of the key's owner, by id or slug. Raises CalcomError, HoldError.

    Where cal.com does not tell of teams, an id is taken as it is: the list of the team's event
    types shows if it is there.
    """
    try:
        listed = operation.ask(endpoints.teams())
    except CalcomError as error:
        if wanted.team_id is None or error.cause is not Cause.WRONG_ROUTE:
            raise
        return Team(wanted.team_id, f"#{wanted.team_id}", "")
    slug = wanted.team_slug.casefold()
    for team in listed.entries:
        if wanted.team_id == team.id or (slug and slug == team.slug.casefold()):
            return team
    words = _("The owner of cal.com's key is in no such team, so no time may be held for it.")
    raise messages.invalid(field, words)


def not_found(error: CalcomError, wanted: Wanted, field: str) -> HoldError:
    """Return the error of a question that cal.com refused or did not answer."""
    is_team = wanted.team_id is not None or bool(wanted.team_slug)
    if is_team and error.cause is Cause.WRONG_ROUTE:
        words = _("This cal.com does not tell of teams. Add its people, or single event types.")
        return messages.invalid(field, words)
    if error.cause in {Cause.UNKNOWN_EVENT_TYPE, Cause.NOT_RELATED}:
        words = _("cal.com has no event type with this number, or shows it only by its address.")
        return messages.invalid(field, words)
    failed = messages.call_failed(error, safe=str(_("Nothing was added.")))
    failed.fields = {field: failed.happened}
    return failed


def require_new(calendar: Calendar, field: str) -> None:
    """Raise HoldError for a calendar that is entered already."""
    same = Calendar.objects.filter(kind=calendar.kind, reference=calendar.reference).first()
    if same is not None:
        words = _("This calendar is in the list already: %(label)s.")
        raise messages.invalid(field, words, label=same.label)


def require_right_to_hold(operation: Operation, calendar: Calendar, field: str) -> None:
    """Raise HoldError where cal.com lets the key hold for 5 minutes only.

    cal.com has no question for that. Its POST refuses those who may not (403) before it looks at
    the length (400), so a length that it never offers brings either answer and no reservation. A
    server that took it would keep a minute of a past year until the next minute.
    """
    operation.start_without_claim(None, method="POST")
    try:
        operation.send(
            endpoints.reserve(
                event_type_id=calendar.event_types[0].id,
                slot_start=parking_places(operation.cal_now())[0],
                slot_duration=NO_LENGTH,
                reservation_duration=1,
            )
        )
    except CalcomError as error:
        if error.cause in {Cause.WRONG_DURATION, Cause.INVALID}:
            return
        operation.finish(outcome_of(error))
        if error.cause is Cause.NOT_RELATED:
            words = _("cal.com lets this key hold for 5 minutes only: it shares no team with them.")
            raise messages.invalid(field, words) from error
        raise not_found(error, Wanted(), field) from error
