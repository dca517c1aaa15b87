"""Holds of one client: for the client's story in the log, and for an erasure."""

from typing import Any

from django.db.models import QuerySet

from dashboard.audit import former_clients, text_index
from dashboard.audit.models import AuditEntry, HoldText
from dashboard.localization.folding import fold
from dashboard.localization.searching import says_something


def all_holds() -> QuerySet[Any]:
    """Return all holds, of the model that the foreign key of an entry refers to."""
    holds: QuerySet[Any] = AuditEntry._meta.get_field("hold").related_model._default_manager.all()
    return holds


def has_contact(hold: Any) -> bool:
    """Return whether a contact tells the client from others of the same name; "-" does not."""
    return says_something(hold.client_contact)


def holds_of_same_client(hold: Any) -> QuerySet[Any]:
    """Return all holds with the name and contact of this one, found by the index of texts.

    Without a contact it is only this one: another client may have the same name.
    """
    if not has_contact(hold):
        return all_holds().filter(pk=hold.pk)
    client = {"client_name": hold.client_name, "client_contact": hold.client_contact}
    return all_holds().filter(pk__in=saying(hold.client_contact), **client)


def holds_formerly_of(hold: Any) -> QuerySet[Any]:
    """Return the holds that once were for the client of this one; none without a contact."""
    if not has_contact(hold):
        return all_holds().none()
    candidates = all_holds().exclude(former_clients="").filter(pk__in=saying(hold.client_contact))
    client = hold.client_name, hold.client_contact
    found = [
        pk
        for pk, stored in candidates.values_list("pk", "former_clients")
        if any(each[1:] == client for each in former_clients.read(stored))
    ]
    return all_holds().filter(pk__in=found)


def holds_ever_of(hold: Any) -> QuerySet[Any]:
    """Return the keys of the holds that are, or once were, for the client of this one."""
    # A union, because PostgreSQL has no index for either of two conditions.
    return holds_of_same_client(hold).values("pk").union(holds_formerly_of(hold).values("pk"))


def saying(contact: str) -> QuerySet[Any]:
    """Return the keys of the holds whose texts have a contact."""
    return HoldText.objects.filter(text_index.has(fold(contact))).values("rowid")
