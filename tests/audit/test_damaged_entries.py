"""Pages of a log that another program has changed: they show what is there, and never fail."""

import json

import pytest
from django.db import connection
from django.db.models import Max

from dashboard.audit.formatting import LABELS
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold
from tests.audit.recorded import NOON, extend, sign_in
from tests.audit.reset import without_triggers

pytestmark = pytest.mark.slow  # the fast lane has a damaged entry in test_export_lines

JSON = ("asked", "before", "after")
# What a verification found.
FOUND = [
    "{}",
    '{"last": "x", "first": "x"}',
    '{"fault": "x"}',
    '{"fault": []}',
    '{"last": 1, "total": 1, "hash": null}',
    '{"last": 1, "total": 1, "hash": 5}',
    '{"last": 1, "total": 1, "hash": {"a": 1}}',
    '{"last": 1, "total": 1, "hash": "", "unresolved": [9223372036854775808]}',
]
ANYWHERE = [(name, value) for name in JSON for value in ("'null'", "'[1]'", "'5'")]
# Under each known key an object, or a moment that some time zones do not have.
for odd in ({"a": 1}, "9999-12-31T23:59:59+00:00"):
    every_key = json.dumps({key: [odd] for key in LABELS} | {"slot_start": odd})
    ANYWHERE += [(name, f"'{every_key}'") for name in JSON]
ANYWHERE.append(("action", "'50%'"))
# SQLite stores anything in any column.
SQLITE = [
    ("action_id", "'garbage'"),
    ("action_id", "x'ff'"),
    ("action_id", "printf('%032d', 7) || char(0) || '9'"),
    ("at", "'garbage'"),
    ("at", "''"),
    ("at", "'2026-02-30 12:00:00'"),
    ("at", "'0000-01-01 12:00:00'"),
    ("at", "'9999-12-31 23:59:59.000000'"),
    ("at", "x'ff'"),
    ("at", "CAST(x'ff' AS TEXT)"),
    ("at", "5"),
    ("at", "'2025-11-25 12:00:00.garbag9'"),
    ("at", "'2025-11-25 12:00:00z'"),
    ("at", "'2025-11-25 12:00:00' || char(0) || '9'"),
    ("actor_name", "x'ff'"),
    ("action", "x'ff'"),
    ("hold_id", "'abc'"),
    ("message", "x'ff'"),
    ("milliseconds", "'x'"),
    ("status", "'x'"),
]

# Whom a hold was for before; names of the log are read from there.
FORMER = [
    "{",
    "5",
    "[5]",
    '[["2025-11-25T12:00:00+00:00"]]',
    '[["2025-11-25T12:00:00", "Ada", ""]]',
    '[["yesterday", "Ada", ""]]',
    '[["2025-11-25T12:00:00+00:00", 5, ["Ada"]]]',
]

# Of the counts behind the pictures.
COUNTS = [("value", "value || 'x'"), ("count", "-5")]
SQLITE_COUNTS = [
    ("value", "CAST(value AS blob)"),
    *((column, "'x'") for column in ("count", "first", "last")),
    ("count", "x'ff'"),
    ("count", "1.5"),
]


def on_sqlite(cases: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return cases if connection.vendor == "sqlite" else []


def damage(entry: int, column: str, value: str) -> None:
    with without_triggers(connection), connection.cursor() as cursor:
        cursor.execute(f"UPDATE dashboard_auditentry SET {column} = {value} WHERE id = {entry}")


@pytest.mark.usefixtures("immediate_links")
@pytest.mark.parametrize("column", ["asked", "after"])
@pytest.mark.parametrize("value", FOUND)
def test_damaged_verification_is_found_by_the_next(staff, hold, admins_browser, column, value):
    extend(staff, hold)
    assert admins_browser.post("/audit/verify").status_code == 303
    damage(AuditEntry.objects.get(action="verify").pk, column, f"'{value}'")
    page = admins_browser.get("/audit/").content.decode()
    assert "The entry of the last verification cannot be read." in page
    assert admins_browser.post("/audit/verify").status_code == 303
    found = AuditEntry.objects.filter(action="verify").newest_first()[0]
    assert (found.outcome, found.after["fault"]) == ("refused", "changed")


@pytest.mark.usefixtures("immediate_links")
def test_every_page_is_shown(staff, hold, admins_browser):
    damaged = {}
    for column, value in ANYWHERE + on_sqlite(SQLITE):
        first = AuditEntry.objects.filter(action_id=extend(staff, hold)).earliest("pk").pk
        damage(first, column, value)
        sign_in(staff)
        damaged[first] = (column, value)
    lists = ("/audit/", f"/audit/?find=hold:{hold.pk}", f"/holds/{hold.pk}/", "/audit/pictures")
    for path in [*lists, *(f"/audit/{entry}/" for entry in damaged)]:
        assert (path, admins_browser.get(path).status_code, damaged) == (path, 200, damaged)
    for entry, (column, _value) in damaged.items():
        if column == "hold_id":  # the end of a test checks foreign keys
            damage(entry, column, "NULL")


@pytest.mark.usefixtures("immediate_links")
@pytest.mark.parametrize("stored", FORMER)
def test_former_clients_that_cannot_be_read_are_none(staff, hold, admins_browser, stored):
    extend(staff, hold)
    Hold.objects.filter(pk=hold.pk).update(former_clients=stored, client_contact="someone@x.test")
    for path in ("/", "/audit/", f"/audit/?find=client:{hold.pk}", f"/holds/{hold.pk}/"):
        answer = admins_browser.get(path)
        assert (path, answer.status_code) == (path, 200)
    story = admins_browser.get(f"/audit/?find=hold:{hold.pk}").context["story"]
    assert "Formerly" not in story.note


def test_moments_are_read_to_the_microsecond(staff, hold):
    for microsecond in (0, 1, 999_999):
        at = NOON.replace(second=59, microsecond=microsecond)
        extend(staff, hold, at)
        assert AuditEntry.objects.filter(kind="intent").newest_first()[0].at == at


@pytest.mark.django_db
def test_no_moment_stays_none():
    assert AuditEntry.objects.aggregate(at=Max("at")) == {"at": None}


@pytest.mark.usefixtures("immediate_links")
def test_damaged_counts_are_zero(staff, hold, admins_browser):
    days = ("2025-11-25", "2025-11-25"), ("2025-11-01", "2025-11-30")
    paths = [f"/audit/pictures?since={first}&until={last}" for first, last in days]
    paths += [f"/audit/?find=day:{first}..{last}" for first, last in days]
    for column, value in COUNTS + on_sqlite(SQLITE_COUNTS):
        extend(staff, hold)
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE dashboard_logcount SET {column} = {value}")
        for path in paths:
            answer = admins_browser.get(path)
            assert (column, value, path, answer.status_code) == (column, value, path, 200)


@pytest.mark.usefixtures("immediate_links")
def test_entry_without_a_link_says_so(staff, hold, admins_browser):
    entry = AuditEntry.objects.filter(action_id=extend(staff, hold)).earliest("pk").pk
    changes = ["hash = CAST(x'ff' AS TEXT)"] if connection.vendor == "sqlite" else []
    for change in [*changes, "entry_id = -1"]:
        with without_triggers(connection), connection.cursor() as cursor:
            cursor.execute(f"UPDATE dashboard_auditlink SET {change} WHERE entry_id = {entry}")
        page = admins_browser.get(f"/audit/{entry}/").content.decode()
        assert "none that can be read" in page
        assert "Link hash" not in page
