"""Entries cannot be changed or deleted by the ORM or the admin: triggers refuse it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.contrib import admin
from django.core import serializers
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from dashboard.accounts.admin import people_site
from dashboard.audit.models import AuditEntry
from tests.audit.recorded import NOON, extend

log = AuditEntry.objects
WRITES: dict[str, Callable[[AuditEntry], Any]] = {
    "save": lambda entry: entry.save(),
    "save of one field": lambda entry: entry.save(update_fields=["actor_name"]),
    "delete": lambda entry: entry.delete(),
    "update": lambda _: log.update(actor_name="forged"),
    "update of some": lambda entry: log.filter(pk=entry.pk).update(actor_name="forged"),
    "queryset delete": lambda _: log.all().delete(),
    "bulk_update": lambda entry: log.bulk_update([entry], ["actor_name"]),
    "update_or_create": lambda entry: log.update_or_create({"actor_name": "forged"}, pk=entry.pk),
    "bulk_create that updates": lambda entry: log.bulk_create(
        [entry], update_conflicts=True, unique_fields=["id"], update_fields=["actor_name"]
    ),
    "of a hold": lambda entry: entry.hold.entries.update(actor_name="forged"),
    "delete of a hold's": lambda entry: entry.hold.entries.all().delete(),
    "clear": lambda entry: entry.hold.entries.clear(),
    "remove": lambda entry: entry.hold.entries.remove(entry),
    "clear one by one": lambda entry: entry.hold.entries.clear(bulk=False),
    "base manager update": lambda _: AuditEntry._base_manager.update(actor_name="forged"),
    "base manager delete": lambda _: AuditEntry._base_manager.all().delete(),
    "raw delete": lambda entry: log.filter(pk=entry.pk)._raw_delete("default"),
    "add to a hold": lambda entry: entry.hold.entries.add(entry),
    "a copy with the same key": lambda entry: AuditEntry(
        pk=entry.pk, at=NOON, kind="event", action="sign_out", actor_name="forged"
    ).save(),
    "bulk_create onto it": lambda entry: log.bulk_create([entry]),
    "loaddata": lambda entry: [
        each.save()
        for each in serializers.deserialize("json", serializers.serialize("json", [entry]))
    ],
}


@pytest.fixture
def entry(staff, hold) -> AuditEntry:
    extend(staff, hold)
    return log.newest_first()[0]


def stored() -> list[dict[str, Any]]:
    return list(log.order_by("id").values())


def test_triggers_refuse_every_change(entry):
    before = stored()
    for way, write in WRITES.items():
        forged = log.get(pk=entry.pk)
        forged.actor_name = "forged"
        with pytest.raises(IntegrityError), transaction.atomic():
            write(forged)
        assert (way, stored()) == (way, before)


def test_insert_that_skips_what_is_there_changes_nothing(entry):
    before = stored()
    entry.actor_name = "forged"
    with suppress(IntegrityError), transaction.atomic():  # SQLite refuses it
        log.bulk_create([entry], ignore_conflicts=True)
    assert stored() == before


def test_referenced_people_and_holds_cannot_be_deleted(entry, staff):
    before = stored()
    with pytest.raises(ProtectedError):
        entry.hold.delete()
    with pytest.raises(ProtectedError):
        staff.delete()
    assert stored() == before


def test_no_admin_site_has_the_log():
    assert not admin.site.is_registered(AuditEntry)
    assert not people_site.is_registered(AuditEntry)
