"""Lines of the export, byte for byte those of Python's own writers, also for odd values."""

import csv
import io
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.audit import chain, export, trail
from dashboard.audit.models import AuditEntry
from dashboard.audit.stored_rows import JSON_COLUMNS
from dashboard.audit.triggers import LINKS, TABLE
from tests.audit.attacks import NOON
from tests.audit.recorded import extend
from tests.audit.tampering import run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("immediate_links")]
OFFICE = "Asia/Kathmandu"  # whose offset has minutes
ODD = (
    "",
    "=1+1",
    "-1,5",
    "\tx",
    "\rx",
    'a "b", c\nd\r\ne',
    "Zoë\u2028😀\x1f\x7f\\u00e9",
    "'{}'",
    "{}",
    "}{",
    "null",
)
MOMENTS = (
    datetime(2026, 7, 1, 22, 59, 59, 120000, UTC),
    datetime(2026, 10, 25, 0, 59, 59, 999999, UTC),
    datetime(2026, 10, 25, 1, 0, tzinfo=UTC),
    datetime(2027, 12, 31, 23, 30, 0, 1, UTC),
)


@pytest.fixture
def odd_log(staff, hold) -> None:
    """Write steps of an action, odd texts, odd moments and JSON with odd values."""
    extend(staff, hold)
    for text in ODD:
        AuditEntry.objects.create(
            at=NOON, kind="event", action="denied", actor_name=text, message=text, user_agent=text
        )
    for at in MOMENTS:
        trail.event(action=trail.Action.DENIED, by=None, now=at, asked={"Zoë 😀": "\x01 =é,"})
    numbers = {"n": [2**63, -1, 0.5, None, True], "text": "a\nb"}
    AuditEntry.objects.create(
        at=NOON, kind="event", action="denied", before=numbers, after=[1], status=0, milliseconds=7
    )


def expected(name: str) -> str:
    """Return the whole export, made by Python's own writers from what the drivers return."""
    lines = [line_of(row) for row in stored_rows()]
    if name == "jsonl":
        return "".join(f"{as_json(line)}\n" for line in lines)
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(lines[0])
    writer.writerows([as_cell(key, value) for key, value in line.items()] for line in lines)
    return f"\ufeff{written.getvalue()}"


def stored_rows() -> list[dict[str, Any]]:
    """Return the columns of each entry and its link, action by action."""
    names = ["id", *(field.attname for field in AuditEntry._meta.fields[1:-1])]
    columns = ", ".join(f"e.{name}" for name in names)
    first = f"SELECT min(f.id) FROM {TABLE} f WHERE f.action_id = e.action_id"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT l.position, l.hash, {columns} FROM {TABLE} e"
            f" LEFT JOIN {LINKS} l ON l.entry_id = e.id ORDER BY ({first}), e.id"
        )
        rows = cursor.fetchall()
    return [dict(zip(("position", "link", *names), row, strict=True)) for row in rows]


def line_of(row: dict[str, Any]) -> dict[str, Any]:
    at = row["at"] if row["at"].tzinfo else row["at"].replace(tzinfo=UTC)
    head = {"schema": 1, "id": row["id"], "position": row["position"], "link": row["link"] or ""}
    head["at_office"] = at.astimezone(timezone.get_default_timezone()).isoformat()
    rest = {name: value for name, value in row.items() if name not in head}
    return head | rest | {"at": chain.plain(at), "action_id": str(uuid.UUID(str(row["action_id"])))}


def as_json(line: dict) -> str:
    members = (
        f'"{key}":'
        + (
            value
            if key in JSON_COLUMNS and value != "no, json"
            else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        )
        for key, value in line.items()
    )
    return "{" + ",".join(members) + "}"


def as_cell(key: str, value: object) -> object:
    text = str(value)
    if key in JSON_COLUMNS:
        readable = json.dumps(json.loads(text), ensure_ascii=False) if "\\u" in text else text
        return "" if text == "{}" else readable
    return f"'{text}" if isinstance(value, str) and text.startswith(tuple("=+-@\t\r")) else value


def written(name: str) -> str:
    return "".join(block.text for block in export.of_actions(name, []))


@pytest.fixture(autouse=True)
def office(settings) -> None:
    settings.TIME_ZONE = OFFICE


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_lines_are_those_of_plain_writers(odd_log, name, monkeypatch, settings):
    assert written(name) == expected(name)
    monkeypatch.setattr(export, "BATCH", 3)
    settings.TIME_ZONE = "Europe/Rome"  # whose offset changes between two of the moments
    assert written(name) == expected(name)


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_entry_without_link_and_text_in_any_column(odd_log, name):
    """SQLite stores any text in any column, and what is no JSON at all."""
    odd_hash = f"UPDATE {LINKS} SET hash = '=\"x\",1' WHERE position = 3"
    run(connection, [f"DELETE FROM {LINKS} WHERE position IN (2, 5)", odd_hash])
    if connection.vendor == "sqlite":
        odd = "status = '=1', milliseconds = 9223372036854775807, asked = 'no, json'"
        run(
            connection,
            [
                "PRAGMA ignore_check_constraints = 1",
                f"UPDATE {TABLE} SET {odd} WHERE actor_name = '{{}}'",
                "PRAGMA ignore_check_constraints = 0",
            ],
        )
        assert "no, json" in written(name)
    assert written(name) == expected(name)


ON_SQLITE = {
    "asked = x'7b7d'": {"asked": {}},
    "asked = CAST(x'22ff22' AS TEXT)": {"asked": '"\\xff"'},
    "asked = '{'": {"asked": "{"},
    "asked = '{\"a\": NaN}'": {"asked": '{"a": NaN}'},
    "asked = '{\"a\\u'": {"asked": '{"a\\u'},
    "asked = '{' || char(13, 10) || '\"a\": 1}'": {"asked": {"a": 1}},
    "milliseconds = 9e999": {"milliseconds": "Inf"},
    "status = x'31'": {"status": "1"},
    "actor_name = x'c3a9'": {"actor_name": "é"},
    "actor_name = CAST(x'61ff' AS TEXT)": {"actor_name": "a\\xff"},
    "action_id = x'61'": {"action_id": "a"},
    "at = 5": {"at": "5", "at_office": "5"},
    "at = 'so\"on'": {"at": 'so"on', "at_office": 'so"on'},
    "at = '2026-11-24 12:00:00\"123456'": {"at": '2026-11-24 12:00:00"123456'},
    "at = '2026-11-24 12:00:00,123456'": {"at": "2026-11-24T12:00:00,123456Z"},
    "at = '9999-12-31 23:59:59'": {"at": "9999-12-31 23:59:59"},
    "at = CAST(x'ff' AS TEXT)": {"at": "\\xff", "at_office": "\\xff"},
}
# It keeps to the types, but has moments that Python has not.
ON_POSTGRESQL = {
    f"at = '{written}'": {"at": shown, "at_office": shown}
    for written, shown in (
        ("infinity", "infinity"),
        ("0044-03-15 12:00:00+00 BC", "0044-03-15 12:00:00 BC"),
        ("12026-01-01 00:00:00+00", "12026-01-01 00:00:00"),
    )
}
WITH_DAMAGE: dict[str, dict[str, object]] = (
    ON_SQLITE if connection.vendor == "sqlite" else ON_POSTGRESQL
)


@pytest.mark.parametrize("change", WITH_DAMAGE)
def test_damaged_entry_spoils_no_other_line(odd_log, change, monkeypatch):
    monkeypatch.setattr(export, "BATCH", 3)
    before = all_lines()
    damaged = f"UPDATE {TABLE} SET {change} WHERE id > (SELECT max(id) FROM {TABLE}) - 6"
    off, on = (
        [f"PRAGMA ignore_check_constraints = {value}"] if connection.vendor == "sqlite" else []
        for value in (1, 0)
    )
    run(connection, [*off, damaged, *on])
    after = all_lines()
    assert after[:-6] == before[:-6]
    for line, former in zip(after[-6:], before[-6:], strict=True):
        entry = json.loads(line, parse_constant=pytest.fail)
        assert entry == json.loads(former) | {"at_office": entry["at_office"]} | WITH_DAMAGE[change]
    names, *rows = csv.reader(io.StringIO(written("csv")))
    assert {len(row) for row in rows} == {len(names)}
    lost = 6 if "action_id" in change else 0  # entries of no action
    assert len(rows) == len(before) - lost


def all_lines() -> list[str]:
    return "".join(block.text for block in export.since(0)).split("\n")[:-1]


def test_office_whose_offset_has_seconds(settings):
    settings.TIME_ZONE = "Africa/Monrovia"
    at = datetime(1971, 6, 1, 12, 0, 50, tzinfo=UTC)
    trail.event(action=trail.Action.DENIED, by=None, now=at)
    (line,) = all_lines()
    assert datetime.fromisoformat(json.loads(line)["at_office"]) == at


def test_failure_of_the_database_is_one_of_django():
    """Those who export again later, or say that it failed, wait for Django's own error."""
    with pytest.raises(DatabaseError), transaction.atomic():
        export.block(export.FORMATS["csv"], "e.nothing", f"{TABLE} e, {LINKS} l", [])


def test_export_while_queries_are_recorded(odd_log):
    """As with ``DEBUG``."""
    with CaptureQueriesContext(connection):
        assert all_lines()
