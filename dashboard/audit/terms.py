"""Terms of a search in the log: ``actor:ada action:release -outcome:ok day:7d "not free"``.

Each term narrows the search; a minus before it excludes what it finds. Words without a name are
looked for in the texts of entries and in what holds say about their clients.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Exists, Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from dashboard.audit.models import AuditEntry, EntryText, HoldText, of_same_action
from dashboard.audit.rollup_sql import ENDED
from dashboard.audit.text_index import SHORTEST
from dashboard.audit.timeline import MAX_SILENCE
from dashboard.audit.trail import SYSTEM, Action, Kind, Outcome
from dashboard.localization import local_times
from dashboard.localization.folding import fold
from dashboard.localization.searching import NUMBER_TERM, forms_of_term

TERM = re.compile(
    r"""(?P<minus>-)?(?:(?P<name>[A-Za-z]+):(?P<value>"[^"]*"?|\S*)|(?P<word>"[^"]*"?|\S+))"""
)
RELATIVE = re.compile(r"([0-9]{1,4})([dh])")
WITHOUT_SIGN_IN = (Action.SIGN_IN_FAILED, Action.DENIED)
ABOUT_PEOPLE = (Action.PERSON_ADDED, Action.PERSON_CHANGED, Action.PASSWORD_CHANGED)
ENDS = (Kind.OUTCOME, Kind.EVENT)
MAX_ID = 2**63 - 1


class TermError(ValueError):
    """A term that makes no sense; the message is for people."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person who may be named in a term."""

    pk: int
    username: str
    name: str


@dataclass(frozen=True, slots=True)
class Context:
    """Searcher and moment of a search, and the people there are."""

    people: tuple[Person, ...]
    viewer: int | None
    now: datetime


def conditions(text: str, context: Context) -> list[Q]:
    """Return a condition on the first entry of an action for each term; raise TermError."""
    found = []
    for minus, name, value in terms(text):
        condition = READERS[name](value, context) if name else free_text(value, context)
        found.append(~condition if minus else condition)
    return found


def terms(text: str) -> Iterator[tuple[bool, str, str]]:
    """Yield minus, name and value of each term; groups of a number become one term."""
    number = ""
    for match in TERM.finditer(text):
        name = (match["name"] or "").lower()
        value = (match["value"] or match["word"] or "").strip('"').strip()
        if name and name not in READERS:
            known = ", ".join(f"{each}:" for each in READERS)
            raise TermError(
                _("There is no term “%(name)s:”. The terms are %(known)s")
                % {"name": name, "known": known}
            )
        if not value:
            raise TermError(_("A term needs a value, such as actor:ada or action:release."))
        if not name and not match["minus"] and NUMBER_TERM.fullmatch(value):
            number += value
            continue
        if number:
            yield False, "", number
            number = ""
        yield bool(match["minus"]), name, value
    if number:
        yield False, "", number


def free_text(value: str, context: Context) -> Q:
    """Match actions whose entries, client or people contain the words, however spelled."""
    if len(fold(value)) < SHORTEST:
        raise TermError(
            _("“%(word)s” is too short: a word needs three characters.") % {"word": value}
        )
    in_holds = Q()
    for form in forms_of_term(value):
        in_holds |= Q(text__like=form)
    entries = EntryText.objects.filter(text__like=value.lower()).values("rowid")
    actions = AuditEntry.objects.order_by().filter(pk__in=entries).values("action_id")
    people = [person.pk for person in context.people if fold(value) in fold(person.name)]
    return (
        Q(action_id__in=actions)
        | Q(hold__in=HoldText.objects.filter(in_holds).values("rowid"))
        | Q(actor__in=people)
    )


def actor(value: str, context: Context) -> Q:
    """Match what a person did: by user name, by part of the name, ``me`` or ``system``."""
    if value.lower() == SYSTEM:
        return Q(actor=None, actor_name=SYSTEM) & ~Q(action__in=WITHOUT_SIGN_IN)
    if value.lower() == "me":
        return Q(actor=context.viewer)
    return Q(actor__in=[person.pk for person in people_called(value, context)])


def about(value: str, context: Context) -> Q:
    """Match what was done to a person, and what was tried under the name without a sign-in."""
    names = [person.username for person in people_called(value, context)]
    return Q(action__in=ABOUT_PEOPLE, asked__username__in=names) | Q(
        action__in=WITHOUT_SIGN_IN, actor=None, actor_name__in=names
    )


def people_called(value: str, context: Context) -> list[Person]:
    """Return the person with this user name, else those with it in their name."""
    exact = [person for person in context.people if person.username.lower() == value.lower()]
    found = exact or [person for person in context.people if fold(value) in fold(person.name)]
    if not found:
        raise TermError(_("There is no person “%(name)s”.") % {"name": value})
    return found


def action(value: str, _context: Context) -> Q:
    return Q(action=one_of(value, Action.values))


def outcome(value: str, context: Context) -> Q:
    chosen = one_of(value, [*Outcome.values, "none"])
    if chosen == "none":
        recent = of_same_action(
            at__gte=context.now - MAX_SILENCE, at__lte=context.now + MAX_SILENCE
        )
        ended = of_same_action(kind=Kind.OUTCOME)
        return Q(kind=Kind.INTENT) & ~Q(Exists(ended)) & ~Q(Exists(recent))
    return Q(outcome=chosen) | Q(Exists(of_same_action(kind=Kind.OUTCOME, outcome=chosen)))


def cause(value: str, _context: Context) -> Q:
    """Match actions that ended with an error code, or with ``none``."""
    if value.lower() == "none":
        return Q(Exists(of_same_action(kind__in=ENDS, error_code="")))
    texts = EntryText.objects.filter(text__like=value.lower()).values("rowid")
    last = AuditEntry.objects.order_by().filter(kind__in=ENDS, error_code=value, pk__in=texts)
    return Q(action_id__in=last.values("action_id"))


def ended(value: str, _context: Context) -> Q:
    """Match actions that ended a hold in this state."""
    state = one_of(value, list(ENDED))
    was = Q(before__state=state, before__state__isnull=False)
    return Q(Exists(of_same_action(kind__in=ENDS, after__state=state))) & ~was


def hold(value: str, _context: Context) -> Q:
    same = AuditEntry.objects.order_by().filter(hold=number(value))
    return Q(action_id__in=same.values("action_id"))


def event(value: str, _context: Context) -> Q:
    """Match actions on an event type, by its number at cal.com."""
    event_type_id = number(value)
    return Q(hold__event_type_id=event_type_id) | Q(asked__event_type_id=event_type_id)


def request(value: str, _context: Context) -> Q:
    return exactly("request_id", value)


def address(value: str, _context: Context) -> Q:
    return exactly("address", value)


def exactly(column: str, value: str) -> Q:
    """Match entries with this value of an indexed text column."""
    if len(value) < SHORTEST:
        raise TermError(_("“%(word)s” is too short.") % {"word": value})
    found = EntryText.objects.filter(text__like=value.lower()).values("rowid")
    return Q(**{column: value}, pk__in=found)


def day(value: str, context: Context) -> Q:
    """Match a day, a range ``A..B`` with open ends, ``today``, ``yesterday``, ``7d`` or ``2h``."""
    first, is_range, last = value.partition("..")
    if relative := RELATIVE.fullmatch(value):
        amount = int(relative[1])
        if relative[2] == "h":
            return Q(at__gte=context.now - timedelta(hours=amount))
        start = local_times.local_date(context.now) - timedelta(days=amount - 1)
        return Q(at__gte=local_times.midnight(start))
    found = Q()
    if first:
        found &= Q(at__gte=local_times.midnight(read_day(first, context)))
    if end := (last if is_range else first):
        found &= Q(at__lt=local_times.midnight(read_day(end, context) + timedelta(days=1)))
    return found


def hour(value: str, _context: Context) -> Q:
    """Match one hour from a local time on, such as 2026-11-20T14:00, or with its offset."""
    try:
        start = parse_datetime(value)
    except ValueError:  # well written, but no such time
        start = None
    if start is None or not 2000 <= start.year < 2200:
        raise TermError(_("“%(text)s” is no hour. Write 2026-11-20T14:00.") % {"text": value})
    start = start if start.tzinfo else start.replace(tzinfo=local_times.zone())
    # In UTC, because an hour of a local time can be none or two.
    start = start.astimezone(UTC)
    return Q(at__gte=start, at__lt=start + timedelta(hours=1))


def read_day(text: str, context: Context) -> date:
    today = local_times.local_date(context.now)
    if text.lower() in ("today", "yesterday"):
        return today - timedelta(days=text.lower() == "yesterday")
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not 2000 <= found.year < 2200:  # datetimes near the ends of the calendar overflow
        raise TermError(
            _("“%(text)s” is no day. Write 2026-11-20, today, yesterday, 7d or 2h.")
            % {"text": text}
        )
    return found


def number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= MAX_ID):
        raise TermError(_("“%(text)s” is no number.") % {"text": value[:20]})
    return int(value)


def one_of(value: str, known: list[str]) -> str:
    if value.lower() not in known:
        raise TermError(
            _("“%(text)s” is not known. Possible are %(known)s")
            % {"text": value, "known": ", ".join(known)}
        )
    return value.lower()


READERS: dict[str, Callable[[str, Context], Q]] = {
    "actor": actor,
    "about": about,
    "action": action,
    "outcome": outcome,
    "cause": cause,
    "ended": ended,
    "hold": hold,
    "event": event,
    "day": day,
    "hour": hour,
    "request": request,
    "address": address,
}
