"""SQL statements that would change or delete entries if there were no triggers."""

import uuid
from datetime import UTC, datetime

from django.db import IntegrityError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.audit import triggers
from dashboard.audit.models import AuditEntry, AuditEntryQuerySet
from dashboard.audit.triggers import TABLE

COLUMNS = [field.column for field in AuditEntry._meta.local_fields]
COLUMN_LIST = ", ".join(COLUMNS)
FORGED_LIST = ", ".join("'forged'" if name == "actor_name" else name for name in COLUMNS)
ONTO_ITSELF = f"SELECT {FORGED_LIST} FROM {TABLE} WHERE true"
ALL_BUT_ID = COLUMN_LIST.removeprefix("id, ")
FORGED_OUTCOME = f"SELECT {FORGED_LIST.removeprefix('id, ')} FROM {TABLE} WHERE kind = 'outcome'"

EVERYWHERE = {
    "update": f"UPDATE {TABLE} SET actor_name = 'forged'",
    "update of the key": f"UPDATE {TABLE} SET id = id + 1000",
    "delete": f"DELETE FROM {TABLE}",
    "delete of one": f"DELETE FROM {TABLE} WHERE id = (SELECT max(id) FROM {TABLE})",
    "upsert": (
        f"INSERT INTO {TABLE} ({COLUMN_LIST}) {ONTO_ITSELF}"
        " ON CONFLICT (id) DO UPDATE SET actor_name = excluded.actor_name"
    ),
    "upsert through a partial index": (
        f"INSERT INTO {TABLE} ({ALL_BUT_ID}) {FORGED_OUTCOME}"
        " ON CONFLICT (action_id) WHERE kind = 'outcome' DO UPDATE SET actor_name = 'forged'"
    ),
}
SQLITE = EVERYWHERE | {
    "replace": f"REPLACE INTO {TABLE} ({COLUMN_LIST}) {ONTO_ITSELF}",
    "insert or replace": f"INSERT OR REPLACE INTO {TABLE} ({COLUMN_LIST}) {ONTO_ITSELF}",
    "replace by rowid": (f"REPLACE INTO {TABLE} (rowid, {ALL_BUT_ID}) {ONTO_ITSELF}"),
    "replace by a key in text": (
        f"REPLACE INTO {TABLE} ({COLUMN_LIST}) SELECT CAST(id AS TEXT),"
        f" {FORGED_LIST.removeprefix('id, ')} FROM {TABLE}"
    ),
    "replace through a partial index": f"REPLACE INTO {TABLE} ({ALL_BUT_ID}) {FORGED_OUTCOME}",
    "insert or replace through a partial index": (
        f"INSERT OR REPLACE INTO {TABLE} ({ALL_BUT_ID}) {FORGED_OUTCOME}"
    ),
    "replace of an outcome under another id": (
        f"REPLACE INTO {TABLE} ({COLUMN_LIST})"
        f" {FORGED_OUTCOME.replace('SELECT ', 'SELECT id + 1000, ', 1)}"
    ),
    "upsert through any index": (
        f"INSERT INTO {TABLE} ({ALL_BUT_ID}) {FORGED_OUTCOME}"
        " ON CONFLICT DO UPDATE SET actor_name = 'forged'"
    ),
    "update or replace through a partial index": (
        f"UPDATE OR REPLACE {TABLE} SET kind = 'outcome', action_id ="
        f" (SELECT action_id FROM {TABLE} WHERE kind = 'outcome') WHERE kind = 'event'"
    ),
    "update or ignore": f"UPDATE OR IGNORE {TABLE} SET actor_name = 'forged'",
    "update or replace": f"UPDATE OR REPLACE {TABLE} SET id = (SELECT min(id) FROM {TABLE})",
    "update from": (
        f"UPDATE {TABLE} SET actor_name = 'forged' FROM (SELECT 1 AS one) AS t WHERE t.one = 1"
    ),
    "delete returning": f"DELETE FROM {TABLE} RETURNING id",
}
POSTGRESQL = EVERYWHERE | {
    "truncate": f"TRUNCATE {TABLE}",
    "truncate of the holds": "TRUNCATE dashboard_hold CASCADE",
    "truncate of the people": "TRUNCATE dashboard_user CASCADE",
    "delete inside a query": f"WITH gone AS (DELETE FROM {TABLE} RETURNING id) TABLE gone",
    "merge": (
        f"MERGE INTO {TABLE} t USING (SELECT 1) one ON true"
        " WHEN MATCHED THEN UPDATE SET actor_name = 'forged'"
    ),
    "update as a replica": (
        f"SET LOCAL session_replication_role = replica; UPDATE {TABLE} SET actor_name = 'forged'"
    ),
    "truncate as a replica": (
        f"SET LOCAL session_replication_role = replica; TRUNCATE {TABLE} CASCADE"
    ),
}
BY_VENDOR = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def write(connection: BaseDatabaseWrapper, count: int) -> None:
    """Write events, and before the first of them an outcome."""
    kinds = ["event"] * count if log(connection).exists() else ["outcome", *["event"] * count]
    for kind in kinds:
        log(connection).create(
            at=NOON,
            kind=kind,
            action="sign_in",
            outcome="ok",
            actor_name="staff",
            request_id=uuid.uuid4().hex,
        )


def log(connection: BaseDatabaseWrapper) -> AuditEntryQuerySet:
    return AuditEntry.objects.using(connection.alias)


def rows(connection: BaseDatabaseWrapper) -> list[tuple[object, ...]]:
    """Return all entries, with the columns of the model."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM {triggers.TABLE} ORDER BY id")
        return cursor.fetchall()


def run(connection: BaseDatabaseWrapper, sql: str) -> None:
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(sql)


def assert_all_refused(connection: BaseDatabaseWrapper) -> None:
    """Execute every attack; fail with those that were not refused or changed something."""
    before, holes = rows(connection), []
    assert len(before) >= 2
    for name, sql in BY_VENDOR[connection.vendor].items():
        try:
            run(connection, sql)
        except IntegrityError as error:
            if triggers.REFUSAL not in str(error):
                holes.append(f"{name}: refused by something else, {error}")
        else:
            holes.append(f"{name}: not refused")
        if rows(connection) != before:
            holes.append(f"{name}: changed the log")
    assert holes == []
