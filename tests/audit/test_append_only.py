"""Entries cannot be changed or deleted by the ORM or the admin; triggers refuse the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.core import serializers
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from dashboard.accounts.admin import people_site
from dashboard.audit.append_only import AppendOnlyError
from dashboard.audit.models import AuditEntry
from tests.audit.recorded import NOON, extend

log = AuditEntry.objects
BY_ORM: dict[str, Callable[[AuditEntry], Any]] = {
    "save": lambda entry: entry.save(),
    "save of one field": lambda entry: entry.save(update_fields=["actor_name"]),
    "delete": lambda entry: entry.delete(),
    "asave": lambda entry: asyncio.run(entry.asave()),
    "adelete": lambda entry: asyncio.run(entry.adelete()),
    "update": lambda _: log.update(actor_name="forged"),
    "update of some": lambda entry: log.filter(pk=entry.pk).update(actor_name="forged"),
    "aupdate": lambda _: asyncio.run(log.aupdate(actor_name="forged")),
    "queryset delete": lambda _: log.all().delete(),
    "queryset adelete": lambda _: asyncio.run(log.all().adelete()),
    "bulk_update": lambda entry: log.bulk_update([entry], ["actor_name"]),
    "abulk_update": lambda entry: asyncio.run(log.abulk_update([entry], ["actor_name"])),
    "update_or_create": lambda entry: log.update_or_create({"actor_name": "forged"}, pk=entry.pk),
    "bulk_create that updates": lambda entry: log.bulk_create(
        [entry], update_conflicts=True, unique_fields=["id"], update_fields=["actor_name"]
    ),
    "bulk_create that ignores": lambda entry: log.bulk_create([entry], ignore_conflicts=True),
    "bulk_create by position": lambda entry: log.bulk_create([entry], None, True),
    "of a hold": lambda entry: entry.hold.entries.update(actor_name="forged"),
    "delete of a hold's": lambda entry: entry.hold.entries.all().delete(),
    "clear": lambda entry: entry.hold.entries.clear(),
    "remove": lambda entry: entry.hold.entries.remove(entry),
    "clear one by one": lambda entry: entry.hold.entries.clear(bulk=False),
}
BY_TRIGGER: dict[str, Callable[[AuditEntry], Any]] = {
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


def try_all(entry: AuditEntry, ways: dict[str, Callable[[AuditEntry], Any]]) -> dict[str, str]:
    """Return the error of each way, none of which may change anything."""
    before, errors = stored(), {}
    for way, write in ways.items():
        forged = log.get(pk=entry.pk)
        forged.actor_name = "forged"
        try:
            with transaction.atomic():
                write(forged)
        except (AppendOnlyError, IntegrityError) as error:
            errors[way] = str(error) if isinstance(error, AppendOnlyError) else "by the database"
        assert (way, stored()) == (way, before)
    return errors


def test_orm_refuses(entry):
    errors = try_all(entry, BY_ORM)
    said = "added and never changed or removed"
    assert {way: said in error for way, error in errors.items()} == dict.fromkeys(BY_ORM, True)


def test_triggers_refuse_what_bypasses_the_orm(entry):
    assert try_all(entry, BY_TRIGGER) == dict.fromkeys(BY_TRIGGER, "by the database")


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
