"""Other holds that mention a client, which an erasure leaves as they are.

Who has the same name may be another client, and only people know whether an earlier contact, or a
name that was misspelled, is the same one's. So the erasure tells of these holds.
"""

from collections.abc import Iterator

from dashboard.audit import former_clients
from dashboard.audit.clients import holds_of_same_client
from dashboard.audit.saved_searches import words_of
from dashboard.holds import register
from dashboard.holds.models import TEXTS, Hold
from dashboard.localization.searching import finder, says_something, search_text

AMONG = 500  # newest holds in which each name or contact is looked for


def mentions(hold: Hold) -> list[Hold]:
    """Return the holds, newest first, that say the client's name or contact after an erasure.

    Those of the same name and contact are left out: they are erased, or have not ended.
    """
    names, contacts = names_of(hold), contacts_of(hold)
    same = {hold.pk, *holds_of_same_client(hold).values_list("pk", flat=True)}
    pks = {
        pk
        for find in (*names, *contacts)
        for pk in register.saying(find, most=AMONG, leave_out=same)
    }
    has_contacts = [finder(contact) for contact in contacts]
    found = []
    for other in Hold.objects.with_people().filter(pk__in=pks).order_by("-pk"):
        text = search_text(*left_texts(other, hold))
        words = {word for line in words_of(text) for word in line}
        has_name = any(words.issuperset(line) for name in names for line in words_of(name) if line)
        if has_name or any(has(text) for has in has_contacts):
            found.append(other)
    return found


def names_of(hold: Hold) -> set[str]:
    """Return the name of the client, and those that the hold had with the same contact before."""
    former = former_clients.read(hold.former_clients)
    before = {each.name for each in former if each.contact and each.contact == hold.client_contact}
    return {name for name in (hold.client_name, *before) if name}


def contacts_of(hold: Hold) -> set[str]:
    """Return the contact of the client, and those that the hold had with the same name before."""
    former = former_clients.read(hold.former_clients)
    before = {each.contact for each in former if each.name and each.name == hold.client_name}
    return {each for each in (hold.client_contact, *before) if each and says_something(each)}


def left_texts(other: Hold, client: Hold) -> Iterator[str]:
    """Yield what another hold says after the erasure of a client."""
    yield from (getattr(other, name) for name in TEXTS)
    erased = client.client_name, client.client_contact
    for each in former_clients.read(other.former_clients):
        if each[1:] != erased:
            yield from (text for text in (each.name, each.contact) if text)
