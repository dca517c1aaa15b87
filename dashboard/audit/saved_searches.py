"""Searches of the log that a person saved under a name.

They keep what was typed and chosen, so that a relative range stays relative. To read or delete
those of others is an entry of the log.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import parse_qsl

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _lazy

from dashboard.audit import trail
from dashboard.audit.terms import TERM
from dashboard.audit.text_index import is_word
from dashboard.audit.trail import Action, Actor
from dashboard.localization.searching import finder, says_something, search_text

MOST = 50  # of one person
WORD = re.compile(r"\w+")
TAKEN = _lazy("You have a search of this name. Choose another name.")
TOO_MANY = _lazy("You have saved %(number)s searches. Delete one that you no longer need.")


class SavedSearchError(ValidationError):
    """A search that cannot be saved; the message is for people, the code "taken" or "too_many"."""


class SavedSearch(models.Model):
    """A search of one person; ``query`` is that of the log's address."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="saved_searches"
    )
    name = models.CharField(max_length=60)
    query = models.TextField()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="saved_search_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def texts(self) -> tuple[str, str]:
        """Return what is free text in it: the name, and the words that no term names."""
        found = TERM.finditer(dict(parse_qsl(self.query)).get("find", ""))
        return self.name, " ".join(match["word"] for match in found if match["word"])


def save(*, owner: int, name: str, query: str, replace: bool = False) -> None:
    """Save a search under a name that is free, or else only with ``replace``.

    Raises SavedSearchError.
    """
    own = SavedSearch.objects.filter(owner=owner)
    if own.count() >= MOST and not own.filter(name=name).exists():
        raise SavedSearchError(TOO_MANY, "too_many", {"number": MOST})
    if replace:
        SavedSearch.objects.update_or_create({"query": query}, owner_id=owner, name=name)
        return
    with unique_name():
        SavedSearch.objects.create(owner_id=owner, name=name, query=query)


def rename(search: SavedSearch, name: str) -> bool:
    """Rename a search; return whether it was still there. Raises SavedSearchError.

    An erasure deletes searches: to save one that was read before would bring a client back.
    """
    with unique_name():
        return SavedSearch.objects.filter(pk=search.pk).update(name=name) > 0


@contextmanager
def unique_name() -> Iterator[None]:
    """Raise SavedSearchError where the owner has another search of the name that is written."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise SavedSearchError(TAKEN, "taken") from error


def read_others(*, by: Actor, now: datetime) -> models.QuerySet[SavedSearch]:
    """Return the searches of all others, and record that they were read."""
    trail.event(action=Action.SEARCHES_READ, by=by, now=now)
    others = SavedSearch.objects.exclude(owner=by.user.pk).select_related("owner")
    return others.order_by("owner__username", "name")


def delete(search: SavedSearch, *, by: Actor, now: datetime) -> None:
    """Delete a search. That of another person is recorded without its name, maybe a client's."""
    owner = search.owner
    with transaction.atomic():
        is_deleted = search.delete()[0] > 0
        if is_deleted and owner.pk != by.user.pk:
            asked = {"person": owner.pk, "username": owner.get_username()}
            trail.event(action=Action.SEARCH_DELETED, by=by, asked=asked, now=now)


def about_any(clients: Collection[tuple[str, str]]) -> list[SavedSearch]:
    """Return the searches, of all people, about clients, each given by name and contact.

    These have the contact of a client or share a word. That includes searches about other clients
    with the same first name: keeping one that names this client would be worse than losing another,
    and the page says how many go. A word of two letters, which many names have, counts only beside
    another word of the name, or where the name or the text is a single word.
    """
    names = {name for name, _contact in clients}
    contacts = {contact for _name, contact in clients if says_something(contact)}
    finders = [finder(contact) for contact in contacts]

    def is_about(text: str) -> bool:
        searched = search_text(text)
        return any(has_name(text, name) for name in names) or any(has(searched) for has in finders)

    return [each for each in SavedSearch.objects.all() if any(map(is_about, each.texts))]


def has_name(text: str, name: str) -> bool:
    """Return whether a text shares a word with a name, as ``about_any`` counts them."""
    spellings = words_of(name)
    own = {word for words in spellings for word in words}
    is_one_word = all(len(words) == 1 for words in spellings)
    for words in words_of(text):
        shared = own.intersection(words)
        if shared and (is_one_word or len(words) == 1 or len(shared) > 1):
            return True
        if any(is_word(word) for word in shared):
            return True
    return False


def words_of(text: str) -> list[list[str]]:
    """Return the words of a text, folded, in each way that it may be spelled."""
    return [WORD.findall(line) for line in search_text(text).splitlines()]


def forget(searches: Iterable[SavedSearch]) -> int:
    """Delete these searches inside the caller's transaction; return how many were still there.

    Two erasures can find the same ones: they lock them in one order.
    """
    found = SavedSearch.objects.filter(pk__in=[each.pk for each in searches])
    pks = list(found.select_for_update().order_by("pk").values_list("pk", flat=True))
    return found.filter(pk__in=pks).delete()[0]
