"""Ways to change or remove an entry with plain SQL. Each would work if no trigger stood there."""

from dashboard.audit.models import AuditEntry
from dashboard.audit.triggers import TABLE

COLUMNS = [field.column for field in AuditEntry._meta.local_fields]
_named = ", ".join(COLUMNS)
_forged = ", ".join("'forged'" if name == "actor_name" else name for name in COLUMNS)
_onto_itself = f"SELECT {_forged} FROM {TABLE} WHERE true"

EVERYWHERE = {
    "update": f"UPDATE {TABLE} SET actor_name = 'forged'",
    "update of the key": f"UPDATE {TABLE} SET id = id + 1000",
    "delete": f"DELETE FROM {TABLE}",
    "delete of one": f"DELETE FROM {TABLE} WHERE id = (SELECT max(id) FROM {TABLE})",
    "upsert": (
        f"INSERT INTO {TABLE} ({_named}) {_onto_itself}"
        " ON CONFLICT (id) DO UPDATE SET actor_name = excluded.actor_name"
    ),
}
SQLITE = EVERYWHERE | {
    "replace": f"REPLACE INTO {TABLE} ({_named}) {_onto_itself}",
    "insert or replace": f"INSERT OR REPLACE INTO {TABLE} ({_named}) {_onto_itself}",
    "replace by rowid": (
        f"REPLACE INTO {TABLE} (rowid, {_named.removeprefix('id, ')}) {_onto_itself}"
    ),
    "replace by a key in text": (
        f"REPLACE INTO {TABLE} ({_named}) SELECT CAST(id AS TEXT),"
        f" {_forged.removeprefix('id, ')} FROM {TABLE}"
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
