"""Holds of one client: for the client's story in the log, and for an erasure."""

from typing import Any

from django.db.models import QuerySet

from dashboard.audit import text_index
from dashboard.audit.models import AuditEntry, HoldText
from dashboard.localization.folding import fold


def all_holds() -> QuerySet[Any]:
    """Return all holds, of the model that the foreign key of an entry refers to."""
    holds: QuerySet[Any] = AuditEntry._meta.get_field("hold").related_model._default_manager.all()
    return holds


def holds_of_same_client(hold: Any) -> QuerySet[Any]:
    """Return all holds with the name and contact of this one, found by the index of texts.

    Without a contact it is only this one: another client may have the same name.
    """
    if not hold.client_contact:
        return all_holds().filter(pk=hold.pk)
    saying = HoldText.objects.filter(text_index.has(fold(hold.client_contact)))
    return all_holds().filter(
        pk__in=saying.values("rowid"),
        client_name=hold.client_name,
        client_contact=hold.client_contact,
    )
