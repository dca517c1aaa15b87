"""Database triggers that refuse every change of the audit log, by any client and tool.

Migrations do not create them, because a table rebuild on SQLite silently drops triggers. They are
installed after every ``migrate``, for the unique indexes that the table has then, and verified by
a system check. A user with the right to alter the schema can drop a trigger, or rewrite the file of
SQLite; the check then reports it.

Sources: https://www.sqlite.org/lang_createtrigger.html,
https://www.sqlite.org/lang_conflict.html,
https://www.postgresql.org/docs/current/sql-createtrigger.html,
https://www.postgresql.org/docs/current/catalog-pg-trigger.html.
"""

from collections.abc import Iterator, Mapping

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.audit import unique_indexes

TABLE = "dashboard_auditentry"
REFUSAL = "the audit log is append-only"
MAX_ID = 2**62

# The names of these and of no other triggers begin with it.
PREFIX = f"{TABLE}_no_"
TAKEN = f"EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)"  # noqa: S608 a constant
# Name: moment and condition.
SQLITE = {
    f"{PREFIX}update": ("BEFORE UPDATE", "true"),
    f"{PREFIX}delete": ("BEFORE DELETE", "true"),
    # REPLACE deletes the old row without firing a DELETE trigger (unless the connection
    # sets PRAGMA recursive_triggers), so the INSERT itself is refused: here for the key, and by
    # one more trigger for each unique index.
    f"{PREFIX}replace": ("BEFORE INSERT", TAKEN),
    # Before an INSERT without an id NEW.id is -1: a row with that id would make the trigger
    # above refuse every later entry. After the largest id SQLite has no next one.
    f"{PREFIX}odd_id": ("AFTER INSERT", f"NEW.id NOT BETWEEN 1 AND {MAX_ID}"),
}

FUNCTION = f"{TABLE}_refuse"
FUNCTION_BODY = (
    f" BEGIN RAISE EXCEPTION '{REFUSAL}: % refused', TG_OP"
    " USING ERRCODE = 'integrity_constraint_violation'; END "
)
# Name: (definition, pg_trigger.tgtype). Bits: row 1, before 2, delete 8, update 16,
# truncate 32. For each row, because an ALTER that fills a column with a default issues an UPDATE
# without rows. ON CONFLICT DO UPDATE fires them whichever index it names.
POSTGRESQL = {
    f"{PREFIX}change": (f"BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW", 1 | 2 | 8 | 16),
    f"{PREFIX}truncate": (f"BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT", 2 | 32),
}
SQLITE_CATALOGUE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
# Rules rewrite statements before any trigger sees them.
POSTGRESQL_CATALOGUE = """
    SELECT t.tgname, t.tgtype::int, t.tgenabled::text,
           t.tgqual IS NULL AND t.tgattr::text = '', p.proname, p.prosrc, l.lanname
    FROM pg_trigger t
    JOIN pg_proc p ON p.oid = t.tgfoid
    JOIN pg_language l ON l.oid = p.prolang
    WHERE t.tgrelid = to_regclass(%s) AND NOT t.tgisinternal
    UNION ALL
    SELECT rulename, 0, '', false, '', '', '' FROM pg_rewrite WHERE ev_class = to_regclass(%s)
"""


def is_supported(connection: BaseDatabaseWrapper) -> bool:
    """Return True for the databases that have triggers here: SQLite and PostgreSQL."""
    return connection.vendor in ("sqlite", "postgresql")


def faulty_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of triggers that are missing, altered, disabled or not of this module.

    Empty while the table does not exist.
    """
    if TABLE not in connection.introspection.table_names():
        return []
    wanted, found = expected(connection), present(connection)
    missing = [name for name, trigger in wanted.items() if found.get(name) != trigger]
    return missing + sorted(found.keys() - wanted.keys())


def install(connection: BaseDatabaseWrapper) -> None:
    """Create all triggers anew if any is faulty; otherwise do nothing."""
    if faulty_triggers(connection):
        with transaction.atomic(using=connection.alias):
            drop(connection)
            create(connection)


def drop(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers of this module, also those of an index that no longer exists."""
    on_table = "" if connection.vendor == "sqlite" else f" ON {TABLE}"
    own = [name for name in present(connection) if name.startswith(PREFIX)]
    with connection.cursor() as cursor:
        for name in own:
            cursor.execute(f"DROP TRIGGER IF EXISTS {connection.ops.quote_name(name)}{on_table}")


def create(connection: BaseDatabaseWrapper) -> None:
    on_sqlite = connection.vendor == "sqlite"
    statements = sqlite_triggers(connection).values() if on_sqlite else postgresql_statements()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def expected(connection: BaseDatabaseWrapper) -> Mapping[str, object]:
    """Return what ``present`` returns while all triggers are intact."""
    if connection.vendor == "sqlite":
        return sqlite_triggers(connection)
    # "A": always enabled, also under session_replication_role = replica.
    intact = ("A", True, FUNCTION, FUNCTION_BODY, "plpgsql")
    return {name: (kind, *intact) for name, (_definition, kind) in POSTGRESQL.items()}


def present(connection: BaseDatabaseWrapper) -> dict[str, object]:
    """Return every trigger and rule on the table by name, with what decides if it is intact."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(SQLITE_CATALOGUE, [TABLE])
            return dict(cursor.fetchall())
        cursor.execute(POSTGRESQL_CATALOGUE, [TABLE, TABLE])
        return {name: tuple(rest) for name, *rest in cursor.fetchall()}


def sqlite_triggers(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Return name and definition of each trigger, for the unique indexes that exist now."""
    with connection.cursor() as cursor:
        guards = {
            f"{PREFIX}replace_{index}": ("BEFORE INSERT", conflict)
            for index, conflict in unique_indexes.conflicts(cursor, TABLE)
        }
    refusal = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    return {
        name: f'CREATE TRIGGER "{name}" {moment} ON {TABLE} WHEN {condition} {refusal}'
        for name, (moment, condition) in (SQLITE | guards).items()
    }


def postgresql_statements() -> Iterator[str]:
    """Yield the statements that create the function and all triggers."""
    yield (
        f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql"
        f" AS $refuse${FUNCTION_BODY}$refuse$"
    )
    for name, (definition, _type) in POSTGRESQL.items():
        yield f"CREATE TRIGGER {name} {definition} EXECUTE FUNCTION {FUNCTION}()"
        yield f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}"
