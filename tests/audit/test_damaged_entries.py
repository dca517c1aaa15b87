"""Pages of a log that another program has changed: they show what is there, and never fail."""

from __future__ import annotations

import pytest
from django.db import connection

from dashboard.audit.models import AuditEntry
from tests.audit.recorded import extend, sign_in
from tests.audit.reset import without_triggers

JSON = ("asked", "before", "after")
ANYWHERE = [(name, value) for name in JSON for value in ("'null'", "'[1]'", "'5'")]
# SQLite stores anything in any column.
SQLITE = [
    ("at", "'garbage'"),
    ("at", "''"),
    ("actor_name", "x'ff'"),
    ("hold_id", "'abc'"),
    ("message", "x'ff'"),
    ("milliseconds", "'x'"),
    ("status", "'x'"),
]


def damage(entry: int, column: str, value: str) -> None:
    with without_triggers(connection), connection.cursor() as cursor:
        cursor.execute(f"UPDATE dashboard_auditentry SET {column} = {value} WHERE id = {entry}")


@pytest.mark.usefixtures("immediate_links")
@pytest.mark.parametrize("column", ["asked", "after"])
@pytest.mark.parametrize("value", ["{}", '{"last": "x", "first": "x"}', '{"fault": "x"}'])
def test_damaged_verification_is_found_by_the_next(staff, hold, admins_browser, column, value):
    extend(staff, hold)
    assert admins_browser.post("/audit/verify").status_code == 303
    damage(AuditEntry.objects.get(action="verify").pk, column, f"'{value}'")
    assert admins_browser.get("/audit/").status_code == 200
    assert admins_browser.post("/audit/verify").status_code == 303
    found = AuditEntry.objects.filter(action="verify").newest_first()[0]
    assert (found.outcome, found.after["fault"]) == ("refused", "changed")


@pytest.mark.usefixtures("immediate_links")
def test_every_page_is_shown(staff, hold, admins_browser):
    paths = ["/audit/", f"/audit/?find=hold:{hold.pk}", f"/holds/{hold.pk}/", "/audit/pictures"]
    damaged = ANYWHERE + (SQLITE if connection.vendor == "sqlite" else [])
    for column, value in damaged:
        first = AuditEntry.objects.filter(action_id=extend(staff, hold)).earliest("pk").pk
        damage(first, column, value)
        sign_in(staff)
        for path in [*paths, f"/audit/{first}/"]:
            answer = admins_browser.get(path)
            assert (column, value, path, answer.status_code) == (column, value, path, 200)
        if column == "hold_id":  # the end of a test checks foreign keys
            damage(first, column, "NULL")
