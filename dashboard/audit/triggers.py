"""Database triggers of the audit log: they refuse changes of it, and link, index and count entries.

They hold for any client and tool. Migrations do not create them, because a table rebuild on SQLite
silently drops triggers. They are installed after every ``migrate``, and verified by a system check.
A user with the right to alter the schema can drop a trigger, or rewrite the file of SQLite; the
check then reports it.

The trigger that links and counts (see :mod:`dashboard.audit.chain` and
:mod:`dashboard.audit.rollup_sql`) runs on PostgreSQL when a transaction commits: a writer that
waits there for the end of the chain holds all other locks already, so that two writers never wait
for each other. SQLite has one writer at a time.

Sources: https://www.sqlite.org/lang_createtrigger.html,
https://www.sqlite.org/lang_conflict.html,
https://www.postgresql.org/docs/current/sql-createtrigger.html,
https://www.postgresql.org/docs/current/functions-info.html (pg_get_triggerdef).
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from dashboard.audit import action_sql, chain, rollup_sql, text_index, text_sql
from dashboard.audit.action_sql import in_one_line
from dashboard.localization.folding import fold

TABLE = action_sql.ENTRIES
LINKS = "dashboard_auditlink"
PRUNES = "dashboard_auditprune"
TABLES = {TABLE: "id", LINKS: "position", PRUNES: "position"}  # with their primary keys
# Conditions under which a row OLD may be deleted: a record of retention covers it. The link of the
# last pruned entry stays.
PRUNED = {
    TABLE: in_one_line(f"""
        EXISTS (SELECT 1 FROM {LINKS} l JOIN {PRUNES} p ON p.position >= l.position
                WHERE l.entry_id = OLD.id)
    """),
    LINKS: f"EXISTS (SELECT 1 FROM {PRUNES} p WHERE p.position > OLD.position)",
    PRUNES: "false",
}
# Conditions of a row that has the key of the row NEW, or what else is unique.
TAKEN = {
    TABLE: "id = NEW.id OR (action_id = NEW.action_id AND kind = 'outcome' AND kind = NEW.kind)",
    LINKS: "position = NEW.position OR entry_id = NEW.entry_id",
    PRUNES: "position = NEW.position OR first = NEW.first",
}
WRITTEN = {*TABLES, text_index.ENTRIES, action_sql.ACTIONS, rollup_sql.COUNTS}  # by triggers
REFUSAL = "the audit log is append-only"
WITHOUT_HASH = "an audit entry needs its content hash"
MAX_NEW_ID = 2**62  # half of what a column holds: after its largest id SQLite has no next one
CHAIN_LOCK = 0x484F4C44  # any number that nothing else locks
NEWER = (
    "A newer version of Holdfast has migrated this database: install that version, or restore a "
    "backup from before."
)
SHA256 = "holdfast_sha256"  # a function of the connections that Django opens to SQLite

LINK = f"{TABLE}_link"
# PostgreSQL runs triggers by name: what is counted with the link must be there before.
TEXT = f"{TABLE}_index"
SQLITE_LINK = f"""CREATE TRIGGER "{LINK}" AFTER INSERT ON {TABLE} BEGIN
    SELECT RAISE(ABORT, '{WITHOUT_HASH}') WHERE length(NEW.content_hash) <> 64;
    INSERT INTO {LINKS} (position, entry_id, content_hash, hash)
    SELECT position + 1, NEW.id, NEW.content_hash, {SHA256}(
        hash || ' ' || (position + 1) || ' ' || NEW.id || ' ' || NEW.content_hash)
    FROM (SELECT position, hash FROM {LINKS} UNION ALL SELECT 0, '{chain.FIRST}'
          ORDER BY position DESC LIMIT 1);
    {action_sql.of_new_row("sqlite")} {rollup_sql.of_new_row("sqlite")} END"""
SQLITE_TEXT = in_one_line(f"""
    CREATE TRIGGER "{TEXT}" AFTER INSERT ON {TABLE} WHEN {text_sql.has_text("NEW")}
    BEGIN {text_sql.of_new_row("sqlite")} END
""")


def in_function(statements: str) -> str:
    """Return the body of a function of PostgreSQL."""
    return f" BEGIN {in_one_line(statements)} END "


FUNCTION = f"{TABLE}_refuse"
# PL/pgSQL looks for the columns of OLD only where it gets to.
LET_GO = " ".join(
    f"IF TG_TABLE_NAME = '{table}' THEN IF {condition} THEN RETURN OLD; END IF; END IF;"
    for table, condition in PRUNED.items()
)
FUNCTION_BODY = in_function(f"""
    IF TG_OP = 'DELETE' THEN {LET_GO} END IF;
    RAISE EXCEPTION '{REFUSAL}: % refused', TG_OP
    USING ERRCODE = 'integrity_constraint_violation';
""")
LINK_FUNCTION_BODY = f"""
    DECLARE place bigint; previous text;
    BEGIN
        IF length(NEW.content_hash) <> 64 THEN
            RAISE EXCEPTION '{WITHOUT_HASH}' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        PERFORM pg_advisory_xact_lock({CHAIN_LOCK});
        SELECT position, hash INTO place, previous FROM {LINKS} ORDER BY position DESC LIMIT 1;
        place := coalesce(place, 0) + 1;
        previous := coalesce(previous, '{chain.FIRST}');
        INSERT INTO {LINKS} (position, entry_id, content_hash, hash)
        VALUES (place, NEW.id, NEW.content_hash, encode(sha256(convert_to(
            concat_ws(' ', previous, place, NEW.id, NEW.content_hash), 'UTF8')), 'hex'));
        {rollup_sql.of_new_row("postgresql")}
        RETURN NULL;
    END """
POSTGRESQL_LINK = in_one_line(f"""
    CREATE CONSTRAINT TRIGGER {LINK} AFTER INSERT ON {TABLE}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {LINK}()
""")
POSTGRESQL_TEXT = (
    f"CREATE TRIGGER {TEXT} AFTER INSERT ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {TEXT}()"
)
ALWAYS = "A"  # enabled, also under session_replication_role = replica
SQLITE_CATALOGUE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
# Rules rewrite statements before any trigger sees them.
POSTGRESQL_CATALOGUE = """
    SELECT t.tgname, pg_get_triggerdef(t.oid, true), t.tgenabled::text, p.prosrc, l.lanname
    FROM pg_trigger t
    JOIN pg_proc p ON p.oid = t.tgfoid
    JOIN pg_language l ON l.oid = p.prolang
    WHERE t.tgrelid = to_regclass(%s) AND NOT t.tgisinternal
    UNION ALL
    SELECT rulename, '', '', '', '' FROM pg_rewrite WHERE ev_class = to_regclass(%s)
"""


class Trigger(NamedTuple):
    """A trigger as its database describes it; SQLite has only a definition, a rule nothing."""

    definition: str
    enabled: str = ""
    body: str = ""  # of its function
    language: str = ""


@cache
def functions() -> dict[str, str]:
    """Return the bodies of PostgreSQL's functions by their names."""
    indexing = in_function(f"""
        {text_sql.of_new_row("postgresql")}
        {action_sql.of_new_row("postgresql")}
        RETURN NULL;
    """)
    return {FUNCTION: FUNCTION_BODY, LINK: LINK_FUNCTION_BODY, TEXT: indexing}


def prepare(*, connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Give a new connection to SQLite the functions that the triggers call."""
    if connection.vendor == "sqlite":
        for name, function in ((SHA256, chain.sha256), (text_sql.FOLD, fold)):
            connection.connection.create_function(name, 1, function, deterministic=True)


def faulty_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of triggers that are missing, altered, disabled or not of this module.

    Empty while the tables do not exist.
    """
    if WRITTEN - set(connection.introspection.table_names()):
        return []
    wanted = {name: each for table in TABLES for name, each in expected(connection, table).items()}
    found = {name: each for table in TABLES for name, each in on(connection, table).items()}
    missing = [name for name, trigger in wanted.items() if found.get(name) != trigger]
    return missing + sorted(found.keys() - wanted.keys())


def install(connection: BaseDatabaseWrapper) -> None:
    """Create all triggers anew if any is faulty; otherwise do nothing."""
    if faulty_triggers(connection):
        with transaction.atomic(using=connection.alias):
            drop(connection)
            create(connection)


def drop(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers of this module, also those that it no longer has."""
    with connection.cursor() as cursor:
        for table in TABLES:
            on_table = "" if connection.vendor == "sqlite" else f" ON {table}"
            for name in on(connection, table):
                if name.startswith(f"{table}_"):
                    quoted = connection.ops.quote_name(name)
                    cursor.execute(f"DROP TRIGGER IF EXISTS {quoted}{on_table}")


def drop_in_migration(_apps: Any, schema_editor: Any) -> None:
    """Drop the triggers where a migration removes a table that they read or write."""
    drop(schema_editor.connection)


def create(connection: BaseDatabaseWrapper) -> None:
    on_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        for function, body in functions().items() if on_postgresql else ():
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql"
                f" AS $body${body}$body$"
            )
        for table in TABLES:
            for name, trigger in expected(connection, table).items():
                cursor.execute(trigger.definition)
                if on_postgresql:
                    cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def on(connection: BaseDatabaseWrapper, table: str) -> dict[str, Trigger]:
    """Return each trigger and rule on a table by name."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(SQLITE_CATALOGUE, [table])
        else:
            cursor.execute(POSTGRESQL_CATALOGUE, [table, table])
        return {name: Trigger(*rest) for name, *rest in cursor.fetchall()}


def expected(connection: BaseDatabaseWrapper, table: str) -> dict[str, Trigger]:
    """Return what ``on`` returns for a table whose triggers are intact."""
    return sqlite_triggers(table) if connection.vendor == "sqlite" else postgresql_triggers(table)


def sqlite_triggers(table: str) -> dict[str, Trigger]:
    guards = {
        f"{table}_no_update": f"BEFORE UPDATE ON {table} WHEN true",
        f"{table}_no_delete": f"BEFORE DELETE ON {table} WHEN NOT {PRUNED[table]}",
        # REPLACE deletes the old row without firing a DELETE trigger (unless the connection
        # sets PRAGMA recursive_triggers), so the INSERT itself is refused.
        f"{table}_no_replace": f"BEFORE INSERT ON {table}"
        f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {TAKEN[table]})",
        # Before an INSERT without an id NEW.id is -1: a row with that id would make the trigger
        # above refuse every later entry.
        f"{table}_no_odd_id": f"AFTER INSERT ON {table}"
        f" WHEN NEW.{TABLES[table]} NOT BETWEEN 1 AND {MAX_NEW_ID}",
    }
    refusal = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    found = {name: f'CREATE TRIGGER "{name}" {when} {refusal}' for name, when in guards.items()}
    if table == TABLE:
        found |= {LINK: SQLITE_LINK, TEXT: SQLITE_TEXT}
    return {name: Trigger(definition) for name, definition in found.items()}


def postgresql_triggers(table: str) -> dict[str, Trigger]:
    # As PostgreSQL tells them. For each row, because an ALTER that fills a column with a default
    # issues an UPDATE without rows. ON CONFLICT DO UPDATE fires them whichever index it names.
    guards = {
        f"{table}_no_change": f"BEFORE DELETE OR UPDATE ON {table} FOR EACH ROW",
        f"{table}_no_truncate": f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT",
    }
    call = f"EXECUTE FUNCTION {FUNCTION}()"
    found = {name: f"CREATE TRIGGER {name} {when} {call}" for name, when in guards.items()}
    if table == TABLE:
        found |= {LINK: POSTGRESQL_LINK, TEXT: POSTGRESQL_TEXT}
    return {  # LINK and TEXT call functions of their own names
        name: Trigger(definition, ALWAYS, functions().get(name, FUNCTION_BODY), "plpgsql")
        for name, definition in found.items()
    }


def install_triggers(*, using: str, **_kwargs: Any) -> None:
    """Install the triggers in the database that was migrated. Receives Django's signal."""
    install(connections[using])


@register(Tags.database)
def check_triggers(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report databases with a changeable audit log, for ``check --database default``."""
    faulty = {alias: faulty_triggers(connections[alias]) for alias in databases or ()}
    return [faulty_message(connections[alias], names) for alias, names in faulty.items() if names]


def faulty_message(connection: BaseDatabaseWrapper, names: Sequence[str]) -> CheckMessage:
    """Return an error; a warning for a schema to be migrated, or ``migrate`` would refuse to."""
    missing, unknown = differing_migrations(connection)
    text = (
        f"The audit log in the database {connection.alias!r} can be changed, or entries can be "
        f"kept out: missing, altered, switched off or not of Holdfast: {', '.join(names)}."
    )
    if missing:
        hint = "Run 'manage.py migrate', which installs the triggers again."
        return Warning(text, hint=hint, id="audit.W001")
    hint = (
        "Find out who changed the schema and drop what is not of Holdfast, then install the "
        "triggers again with 'manage.py migrate --skip-checks'."
    )
    return Error(text, hint=NEWER if unknown else hint, id="audit.E001")


def differing_migrations(connection: BaseDatabaseWrapper) -> tuple[set[Any], set[Any]]:
    """Return which migrations the database lacks, and which of Holdfast this version lacks."""
    loader = MigrationLoader(connection)
    applied, known = set(loader.applied_migrations), set(loader.disk_migrations or ())
    return known - applied, {each for each in applied - known if each[0] == "dashboard"}
