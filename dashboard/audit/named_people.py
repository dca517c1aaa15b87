"""People who are named in terms of a search, by the names of today or by former ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.contrib.auth import get_user_model
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from dashboard.audit import search
from dashboard.audit.logged_actions import LoggedAction
from dashboard.audit.models import AuditEntry
from dashboard.audit.search import Condition, Word
from dashboard.audit.term_values import TermError
from dashboard.audit.trail import SYSTEM, Action
from dashboard.localization.searching import finder, search_text

NAMES = {"username", "first_name", "last_name"}
MOST_WAYS = 20  # of people, each of whom is looked for by a query of its own


@dataclass(frozen=True, slots=True)
class Person:
    """A person by the names of today, or by former ones."""

    pk: int
    username: str
    name: str
    until: int | None = None  # id of the entry that changed the user name


@dataclass(frozen=True)
class Context:
    """Searcher and moment of a search, and the people there are."""

    people: tuple[Person, ...]
    viewer: int | None
    now: datetime

    @cached_property
    def former(self) -> list[Person]:
        """Return all people by each of their former names, from the entries that changed them.

        Retention removes such an entry only after what was written under the names before it.
        """
        changes = AuditEntry.objects.filter(action=Action.PERSON_CHANGED).newest_first()
        changes = changes.annotate(text=Cast("before", TextField())).filter(text__like='name"')
        entries = list(changes.only("asked", "before"))
        users = get_user_model()._default_manager.all() if entries else ()
        by_key = {str(user.pk): user for user in users}
        found = []
        for entry in entries:
            if user := by_key.get(str(entry.asked.get("person"))):
                for name in NAMES & entry.before.keys():
                    setattr(user, name, str(entry.before[name]))
                until = entry.pk if "username" in entry.before else None
                found.append(Person(user.pk, user.username, user.name_and_username, until))
        return found

    def people_with(self, words: str) -> list[Person]:
        """Return the people who have or had these words in their name, however spelled."""
        is_found = finder(words)
        return self._of_today(
            person for person in (*self.people, *self.former) if is_found(search_text(person.name))
        )

    def people_called(self, value: str) -> list[Person]:
        """Return the person with this user name, the searcher for ``me``, or those so called.

        The user name of today comes first, because the story of a person is found by it: another
        person may have had it, or a person be called ``me``. Raises TermError without any.
        """
        name = value.lower()
        found = [person for person in self.people if person.username.lower() == name]
        if name == "me" and not found:
            found = [person for person in self.people if person.pk == self.viewer]
        was = (person for person in self.former if person.username.lower() == name)
        found = found or self._of_today(was) or self.people_with(value)
        if not found:
            raise TermError(_("There is no person “%(name)s”.") % {"name": value})
        return found

    def about(self, people: Sequence[Person], *others: str) -> list[Q]:
        """Match actions about these people, by each user name while they had it, or about others.

        Each is found by an index.
        """
        keys = {person.pk for person in people}
        was = [each for each in self.former if each.until]
        names, ways = list(others), []
        for each in (*people, *(each for each in was if each.pk in keys)):
            # Another person may have had the name before.
            ends = [other.until or 0 for other in was if other.username == each.username]
            since = max((end for end in ends if end < (each.until or end + 1)), default=0)
            if each.until:
                ways.append(Q(about=each.username, id__gt=since, id__lte=each.until))
            elif since:
                ways.append(Q(about=each.username, id__gt=since))
            else:
                names.append(each.username)
        return [Q(about__in=names), *ways]

    def _of_today(self, found: Iterable[Person]) -> list[Person]:
        keys = {person.pk for person in found}
        return [person for person in self.people if person.pk in keys]


def did(people: Sequence[Person]) -> list[Q]:
    """Match what any of these people did: each by an index, as long as they are few."""
    if len(people) > MOST_WAYS:
        return [Q(actor__in=[person.pk for person in people])]
    return [Q(actor=person.pk) for person in people]


def actor(value: str, context: Context) -> Q:
    """Match what a person did: by user name, by part of the name, ``me`` or ``system``."""
    if value.lower() == SYSTEM:
        return search.by_system()
    return Q(actor__in=[person.pk for person in context.people_called(value)])


def about(value: str, context: Context) -> Condition:
    """Match what was done to a person, and what was tried under the name without a sign-in."""
    return any_of(about_ways(value, context))


def about_ways(value: str, context: Context) -> list[Q]:
    """Return one condition for each index range of ``about``; raise TermError."""
    try:
        return context.about(context.people_called(value))
    except TermError:  # as for a person who could not be added
        if not LoggedAction.objects.filter(about=value).exists():
            raise
    return [Q(about=value)]


def person(value: str, context: Context) -> Condition:
    """Match the story of a person: what they did, and what ``about`` matches."""
    if value.lower() == SYSTEM:
        return search.by_system()
    return any_of([actor(value, context), *about_ways(value, context)])


def any_of(ways: Sequence[Q]) -> Condition:
    """Match what any of these conditions does, each of which has an index."""
    return Word(ways, Q(*ways, _connector=Q.OR)) if len(ways) > 1 else ways[0]
