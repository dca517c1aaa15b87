"""Terms of a search in the log: ``actor:ada action:release -outcome:ok day:7d "not free"``.

Each term narrows the search; a minus before it excludes what it finds. Words without a name are
looked for in the texts of entries and in what holds say about their clients.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, Q
from django.utils.translation import gettext as _

from dashboard.audit import clients, term_values
from dashboard.audit.models import AuditEntry, EntryText, HoldText, of_same_action
from dashboard.audit.rollup_sql import ENDED
from dashboard.audit.term_values import TermError, number, one_of
from dashboard.audit.text_index import SHORTEST
from dashboard.audit.timeline import MAX_SILENCE
from dashboard.audit.trail import SYSTEM, Action, Kind, Outcome
from dashboard.localization.folding import fold
from dashboard.localization.searching import NUMBER_TERM, finder, forms_of_term, search_text

TERM = re.compile(
    r"""(?P<minus>-)?(?:(?P<name>[A-Za-z]+):(?P<value>"[^"]*"?|\S*)|(?P<word>"[^"]*"?|\S+))"""
)
WITHOUT_SIGN_IN = (Action.SIGN_IN_FAILED, Action.DENIED)
ABOUT_PEOPLE = (
    Action.PERSON_ADDED,
    Action.PERSON_CHANGED,
    Action.PASSWORD_CHANGED,
    Action.SESSIONS_ENDED,
    Action.SEARCH_DELETED,
)
QUOTES = dict.fromkeys(map(ord, "“”„«»"), '"')  # of phones and word processors
ENDS = (Kind.OUTCOME, Kind.EVENT)


@dataclass(frozen=True, slots=True)
class Person:
    """A person who may be named in a term."""

    pk: int
    username: str
    name: str

    def is_called(self, words: str) -> bool:
        """Return whether the name has these words, however they are spelled."""
        return finder(words)(search_text(self.name))


@dataclass(frozen=True, slots=True)
class Context:
    """Searcher and moment of a search, and the people there are."""

    people: tuple[Person, ...]
    viewer: int | None
    now: datetime


def conditions(text: str, context: Context) -> list[Q]:
    """Return conditions on the first entry of an action; raise TermError.

    A term that is given more than once finds what any of its values finds.
    """
    found, by_name = [], defaultdict[str, Q](Q)
    for minus, name, value in terms(text):
        condition = READERS[name](value, context) if name else free_text(value, context)
        if name and not minus:
            by_name[name] |= condition
        else:
            found.append(~condition if minus else condition)
    return [*by_name.values(), *found]


def terms(text: str) -> Iterator[tuple[bool, str, str]]:
    """Yield minus, name and value of each term; groups of a number become one term."""
    number, text = "", text.translate(QUOTES)
    if text.count('"') % 2:
        raise TermError(_("A quotation mark is missing: words in quotes end with one too."))
    for match in TERM.finditer(text):
        name = (match["name"] or "").lower()
        value = (match["value"] or match["word"] or "").strip('"').strip()
        if name and name not in READERS:
            known = ", ".join(f"{each}:" for each in READERS)
            raise TermError(
                _("There is no term “%(name)s:”. Put it in quotes as text. The terms are %(known)s")
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


def written(minus: bool, name: str, value: str) -> str:
    """Return a term as ``terms`` reads it."""
    quoted = f'"{value}"' if " " in value else value
    return f"{'-' if minus else ''}{f'{name}:' if name else ''}{quoted}"


def without_words(text: str) -> str:
    """Return the terms of a valid text with "…" for its words, which may name a client."""
    return " ".join(
        written(minus, name, value if name else "…") for minus, name, value in terms(text)
    )


def free_text(value: str, context: Context) -> Q:
    """Match actions whose entries, client or people contain the words, however spelled."""
    if len(fold(value)) < SHORTEST:
        raise TermError(
            _("“%(word)s” is too short: a word needs three characters.") % {"word": value}
        )
    in_holds = Q()
    for form in forms_of_term(value):
        in_holds |= Q(text__like=form)
    entries = EntryText.objects.filter(text__like=fold(value)).values("rowid")
    actions = AuditEntry.objects.order_by().filter(pk__in=entries).values("action_id")
    people = [person.pk for person in context.people if person.is_called(value)]
    return (
        Q(action_id__in=actions)
        | Q(hold__in=HoldText.objects.filter(in_holds).values("rowid"))
        | Q(actor__in=people)
    )


def actor(value: str, context: Context) -> Q:
    """Match what a person did: by user name, by part of the name, ``me`` or ``system``."""
    if value.lower() == SYSTEM:
        return Q(actor=None, actor_name=SYSTEM) & ~Q(action__in=WITHOUT_SIGN_IN)
    return Q(actor__in=[person.pk for person in people_called(value, context)])


def about(value: str, context: Context) -> Q:
    """Match what was done to a person, and what was tried under the name without a sign-in."""
    found = people_called(value, context)
    names = [person.username for person in found]
    return (
        Q(action__in=ABOUT_PEOPLE, asked__username__in=names)
        | Q(action=Action.TAKE_OVER, asked__person__in=[person.pk for person in found])
        | Q(action__in=WITHOUT_SIGN_IN, actor=None, actor_name__in=names)
    )


def person(value: str, context: Context) -> Q:
    """Match the story of a person: what they did, and what ``about`` matches."""
    did = actor(value, context)
    return did if value.lower() == SYSTEM else did | about(value, context)


def people_called(value: str, context: Context) -> list[Person]:
    """Return the searcher for ``me``, the person with this user name, or those so called."""
    name = value.lower()
    exact = [person for person in context.people if person.username.lower() == name]
    if name == "me":
        exact = [person for person in context.people if person.pk == context.viewer]
    found = exact or [person for person in context.people if person.is_called(value)]
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
    texts = EntryText.objects.filter(text__like=fold(value)).values("rowid")
    last = AuditEntry.objects.order_by().filter(kind__in=ENDS, error_code=value, pk__in=texts)
    return Q(action_id__in=last.values("action_id"))


def ended(value: str, _context: Context) -> Q:
    """Match actions that ended a hold in this state."""
    state = one_of(value, list(ENDED))
    was = Q(before__state=state, before__state__isnull=False)
    return Q(Exists(of_same_action(kind__in=ENDS, after__state=state))) & ~was


def hold(value: str, _context: Context) -> Q:
    return of_holds(hold=number(value))


def client(value: str, _context: Context) -> Q:
    """Match the story of a client: all holds that an erasure takes for the same client's."""
    if (known := clients.all_holds().filter(pk=number(value)).first()) is None:
        raise TermError(_("There is no hold %(number)s.") % {"number": value})
    return of_holds(hold__in=clients.holds_of_same_client(known).values("pk"))


def of_holds(**conditions: Any) -> Q:
    """Match actions with an entry on such a hold, also if their first entry has none yet."""
    same = AuditEntry.objects.order_by().filter(**conditions)
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
    found = EntryText.objects.filter(text__like=fold(value)).values("rowid")
    return Q(**{column: value}, pk__in=found)


def day(value: str, context: Context) -> Q:
    return term_values.days(value, context.now)


def hour(value: str, _context: Context) -> Q:
    return term_values.hour(value)


READERS: dict[str, Callable[[str, Context], Q]] = {
    "actor": actor,
    "about": about,
    "person": person,
    "action": action,
    "outcome": outcome,
    "cause": cause,
    "ended": ended,
    "hold": hold,
    "client": client,
    "event": event,
    "day": day,
    "hour": hour,
    "request": request,
    "address": address,
}
