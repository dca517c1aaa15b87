"""The database's own refusal to change the audit log, whoever asks and by whatever tool.

Migrations lay nothing: a table rebuild on SQLite drops triggers without a word, so they are
laid after every ``migrate`` and read back by a system check. Whoever may alter the schema can
drop a trigger, or rewrite the file under SQLite; the check then says so.

Sources: https://www.sqlite.org/lang_createtrigger.html,
https://www.sqlite.org/lang_conflict.html,
https://www.postgresql.org/docs/current/sql-createtrigger.html,
https://www.postgresql.org/docs/current/catalog-pg-trigger.html.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "dashboard_auditentry"
REFUSAL = "the audit log is append-only"


def _sqlite(name: str, event: str, when: str = "") -> tuple[str, str]:
    name = f"{TABLE}_{name}"
    refusal = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    return name, f"CREATE TRIGGER {name} {event} ON {TABLE} {when} {refusal}"


TAKEN = f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)"  # noqa: S608 a constant
SQLITE = dict(
    [
        _sqlite("no_update", "BEFORE UPDATE"),
        _sqlite("no_delete", "BEFORE DELETE"),
        # REPLACE removes the old row without firing a DELETE trigger (unless the connection
        # sets PRAGMA recursive_triggers), so the insertion itself has to be refused.
        _sqlite("no_replace", "BEFORE INSERT", TAKEN),
        # Before an insertion without an id SQLite shows NEW.id as -1; a row that really had
        # that id would make the trigger above refuse every entry after it.
        _sqlite("no_odd_id", "AFTER INSERT", "WHEN NEW.id < 1"),
    ]
)

FUNCTION = f"{TABLE}_refuse"
FUNCTION_BODY = (
    f" BEGIN RAISE EXCEPTION '{REFUSAL}: % refused', TG_OP"
    " USING ERRCODE = 'integrity_constraint_violation'; END "
)
# Name: (the statement's middle, pg_trigger.tgtype). Bits: row 1, before 2, delete 8, update 16,
# truncate 32. By row, because an ALTER that fills a column with a default issues an UPDATE that
# touches no row.
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
    """Whether we know how to guard the table in this kind of database."""
    return connection.vendor in ("sqlite", "postgresql")


def faults(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of triggers that are missing, altered or switched off.

    Empty while there is no table yet.
    """
    if TABLE not in connection.introspection.table_names():
        return []
    sound = _sound_on_sqlite if connection.vendor == "sqlite" else _sound_on_postgresql
    expected: Iterable[str] = SQLITE if connection.vendor == "sqlite" else POSTGRESQL
    standing = sound(connection)
    return [name for name in expected if name not in standing]


def lay(connection: BaseDatabaseWrapper) -> None:
    """Put right every trigger that :func:`faults` names; touch nothing where all is well."""
    if not faults(connection):
        return
    statements = _laying_sqlite() if connection.vendor == "sqlite" else _laying_postgresql()
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _sound_on_sqlite(connection: BaseDatabaseWrapper) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE]
        )
        return {name for name, sql in cursor.fetchall() if SQLITE.get(name) == sql}


def _sound_on_postgresql(connection: BaseDatabaseWrapper) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(POSTGRESQL_CATALOGUE, [TABLE])
        rows = cursor.fetchall()
    # "A": fires always, also under session_replication_role = replica.
    return {
        name
        for name, *rest in rows
        if name in POSTGRESQL
        and rest == [POSTGRESQL[name][1], "A", True, FUNCTION, FUNCTION_BODY, "plpgsql"]
    }


def _laying_sqlite() -> Iterable[str]:
    for name, statement in SQLITE.items():
        yield f"DROP TRIGGER IF EXISTS {name}"
        yield statement


def _laying_postgresql() -> Iterable[str]:
    yield (
        f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql"
        f" AS $refuse${FUNCTION_BODY}$refuse$"
    )
    for name, (middle, _type) in POSTGRESQL.items():
        yield f"DROP TRIGGER IF EXISTS {name} ON {TABLE}"
        yield f"CREATE TRIGGER {name} {middle} EXECUTE FUNCTION {FUNCTION}()"
        yield f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}"
