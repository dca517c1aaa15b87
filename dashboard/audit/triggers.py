"""Database triggers that refuse every change of the audit log, by any client and tool.

Migrations do not create them, because a table rebuild on SQLite silently drops triggers. They are
installed after every ``migrate`` and verified by a system check. A user with the right to alter
the schema can drop a trigger, or rewrite the file of SQLite; the check then reports it.

Sources: https://www.sqlite.org/lang_createtrigger.html,
https://www.sqlite.org/lang_conflict.html,
https://www.postgresql.org/docs/current/sql-createtrigger.html,
https://www.postgresql.org/docs/current/catalog-pg-trigger.html.
"""

from collections.abc import Iterator

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "dashboard_auditentry"
REFUSAL = "the audit log is append-only"


def sqlite_trigger(name: str, event: str, when: str = "") -> tuple[str, str]:
    """Return name and definition of a trigger."""
    name = f"{TABLE}_{name}"
    refusal = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    return name, f"CREATE TRIGGER {name} {event} ON {TABLE} {when} {refusal}"


TAKEN = f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)"  # noqa: S608 a constant
SQLITE = dict(
    [
        sqlite_trigger("no_update", "BEFORE UPDATE"),
        sqlite_trigger("no_delete", "BEFORE DELETE"),
        # REPLACE deletes the old row without firing a DELETE trigger (unless the connection
        # sets PRAGMA recursive_triggers), so the INSERT itself is refused.
        sqlite_trigger("no_replace", "BEFORE INSERT", TAKEN),
        # Before an INSERT without an id NEW.id is -1. A row with that id would make the
        # trigger above refuse every later entry.
        sqlite_trigger("no_odd_id", "AFTER INSERT", "WHEN NEW.id < 1"),
    ]
)

FUNCTION = f"{TABLE}_refuse"
FUNCTION_BODY = (
    f" BEGIN RAISE EXCEPTION '{REFUSAL}: % refused', TG_OP"
    " USING ERRCODE = 'integrity_constraint_violation'; END "
)
# Name: (definition, pg_trigger.tgtype). Bits: row 1, before 2, delete 8, update 16,
# truncate 32. For each row, because an ALTER that fills a column with a default issues an UPDATE
# without rows.
POSTGRESQL = {
    f"{TABLE}_no_change": (f"BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW", 1 | 2 | 8 | 16),
    f"{TABLE}_no_truncate": (f"BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT", 2 | 32),
}
POSTGRESQL_CATALOGUE = """
    SELECT t.tgname, t.tgtype::int, t.tgenabled::text,
           t.tgqual IS NULL AND t.tgattr::text = '', p.proname, p.prosrc, l.lanname
    FROM pg_trigger t
    JOIN pg_proc p ON p.oid = t.tgfoid
    JOIN pg_language l ON l.oid = p.prolang
    WHERE t.tgrelid = to_regclass(%s) AND NOT t.tgisinternal
"""


def is_supported(connection: BaseDatabaseWrapper) -> bool:
    """Return True for the databases that have triggers here: SQLite and PostgreSQL."""
    return connection.vendor in ("sqlite", "postgresql")


def faulty_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of triggers that are missing, altered or disabled.

    Empty while the table does not exist.
    """
    if TABLE not in connection.introspection.table_names():
        return []
    if connection.vendor == "sqlite":
        intact = intact_on_sqlite(connection)
        return [name for name in SQLITE if name not in intact]
    intact = intact_on_postgresql(connection)
    return [name for name in POSTGRESQL if name not in intact]


def install(connection: BaseDatabaseWrapper) -> None:
    """Create all triggers anew if any is faulty; otherwise do nothing."""
    if not faulty_triggers(connection):
        return
    on_sqlite = connection.vendor == "sqlite"
    statements = sqlite_statements() if on_sqlite else postgresql_statements()
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def intact_on_sqlite(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the names of triggers with the expected definition."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE]
        )
        return {name for name, sql in cursor.fetchall() if SQLITE.get(name) == sql}


def intact_on_postgresql(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the names of triggers with the expected definition, function and state."""
    with connection.cursor() as cursor:
        cursor.execute(POSTGRESQL_CATALOGUE, [TABLE])
        rows = cursor.fetchall()
    # "A": always enabled, also under session_replication_role = replica.
    return {
        name
        for name, *rest in rows
        if name in POSTGRESQL
        and rest == [POSTGRESQL[name][1], "A", True, FUNCTION, FUNCTION_BODY, "plpgsql"]
    }


def sqlite_statements() -> Iterator[str]:
    """Yield the statements that replace all triggers."""
    for name, statement in SQLITE.items():
        yield f"DROP TRIGGER IF EXISTS {name}"
        yield statement


def postgresql_statements() -> Iterator[str]:
    """Yield the statements that replace the function and all triggers."""
    yield (
        f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql"
        f" AS $refuse${FUNCTION_BODY}$refuse$"
    )
    for name, (definition, _type) in POSTGRESQL.items():
        yield f"DROP TRIGGER IF EXISTS {name} ON {TABLE}"
        yield f"CREATE TRIGGER {name} {definition} EXECUTE FUNCTION {FUNCTION}()"
        yield f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}"
