"""Database triggers of the audit log: they refuse changes of it, and link, index and count entries.

They hold for any client and tool. Migrations do not create them, because a table rebuild on SQLite
silently drops triggers. They are installed after every ``migrate``, for the unique indexes that the
tables have then, and verified by a system check. A user with the right to alter the schema can drop
a trigger, or rewrite the file of SQLite; the check then reports it.

The trigger that links and counts (see :mod:`dashboard.audit.chain` and
:mod:`dashboard.audit.rollup_sql`) runs on PostgreSQL when a transaction commits: a writer that
waits there for the end of the chain holds all other locks already, so that two writers never wait
for each other. SQLite has one writer at a time.

Sources: https://www.sqlite.org/lang_createtrigger.html,
https://www.sqlite.org/lang_conflict.html,
https://www.postgresql.org/docs/current/sql-createtrigger.html,
https://www.postgresql.org/docs/current/catalog-pg-trigger.html.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.audit import (
    action_sql,
    chain,
    fold_sql,
    rollup_sql,
    text_index,
    text_sql,
    unique_indexes,
)
from dashboard.localization.folding import fold

TABLE = action_sql.ENTRIES
LINKS = "dashboard_auditlink"
PRUNES = "dashboard_auditprune"
TABLES = {TABLE: "id", LINKS: "position", PRUNES: "position"}  # with their primary keys
# Conditions under which a row OLD may be deleted: a record of retention covers it. The link of the
# last pruned entry stays.
PRUNED = {
    TABLE: f"EXISTS (SELECT 1 FROM {LINKS} l JOIN {PRUNES} p ON p.position >= l.position"  # noqa: S608
    " WHERE l.entry_id = OLD.id)",
    LINKS: f"EXISTS (SELECT 1 FROM {PRUNES} p WHERE p.position > OLD.position)",  # noqa: S608
    PRUNES: "false",
}
WRITTEN = {*TABLES, text_index.ENTRIES, action_sql.ACTIONS, rollup_sql.COUNTS}  # by triggers
REFUSAL = "the audit log is append-only"
WITHOUT_HASH = "an audit entry needs its content hash"
MAX_ID = 2**62
CHAIN_LOCK = 0x484F4C44  # any number that nothing else locks
SHA256 = "holdfast_sha256"  # a function of the connections that Django opens to SQLite

# The names of these and of no other triggers begin with it, after the table's name.
PREFIX = "_no_"
LINK = f"{TABLE}_link"
# PostgreSQL runs triggers by name: what is counted with the link must be there before.
TEXT = f"{TABLE}_index"
# Name: moment and condition.
SQLITE = {
    "update": ("BEFORE UPDATE", "true"),
    "delete": ("BEFORE DELETE", "NOT {pruned}"),
    # REPLACE deletes the old row without firing a DELETE trigger (unless the connection
    # sets PRAGMA recursive_triggers), so the INSERT itself is refused: here for the key, and by
    # one more trigger for each unique index.
    "replace": ("BEFORE INSERT", "EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"),
    # Before an INSERT without an id NEW.id is -1: a row with that id would make the trigger
    # above refuse every later entry. After the largest id SQLite has no next one.
    "odd_id": ("AFTER INSERT", "NEW.{key} NOT BETWEEN 1 AND " + str(MAX_ID)),
}
SQLITE_LINK = f"""CREATE TRIGGER "{LINK}" AFTER INSERT ON {TABLE} BEGIN
    SELECT RAISE(ABORT, '{WITHOUT_HASH}') WHERE length(NEW.content_hash) <> 64;
    INSERT INTO {LINKS} (position, entry_id, content_hash, hash)
    SELECT position + 1, NEW.id, NEW.content_hash, {SHA256}(
        hash || ' ' || (position + 1) || ' ' || NEW.id || ' ' || NEW.content_hash)
    FROM (SELECT position, hash FROM {LINKS} UNION ALL SELECT 0, '{chain.FIRST}'
          ORDER BY position DESC LIMIT 1);
    {action_sql.of_new_row("sqlite")} {rollup_sql.of_new_row("sqlite")} END"""  # noqa: S608 constants


SQLITE_TEXT = (
    f'CREATE TRIGGER "{TEXT}" AFTER INSERT ON {TABLE} WHEN {text_sql.has_text("NEW")}'
    f" BEGIN {text_sql.of_new_row('sqlite')} END"
)

FUNCTION = f"{TABLE}_refuse"
# PL/pgSQL looks for the columns of OLD only where it gets to.
LET_GO = " ".join(
    f"IF TG_TABLE_NAME = '{table}' THEN IF {condition} THEN RETURN OLD; END IF; END IF;"
    for table, condition in PRUNED.items()
)
FUNCTION_BODY = (
    f" BEGIN IF TG_OP = 'DELETE' THEN {LET_GO} END IF;"
    f" RAISE EXCEPTION '{REFUSAL}: % refused', TG_OP"
    " USING ERRCODE = 'integrity_constraint_violation'; END "
)
LINK_FUNCTION = LINK
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
    END """  # noqa: S608 constants
TEXT_FUNCTION = TEXT
# Name: (definition, pg_trigger.tgtype). Bits: row 1, before 2, insert 4, delete 8, update 16,
# truncate 32. For each row, because an ALTER that fills a column with a default issues an UPDATE
# without rows. ON CONFLICT DO UPDATE fires them whichever index it names.
POSTGRESQL = {
    "change": ("BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW", 1 | 2 | 8 | 16),
    "truncate": ("BEFORE TRUNCATE ON {table} FOR EACH STATEMENT", 2 | 32),
}
POSTGRESQL_LINK = (
    f"AFTER INSERT ON {TABLE} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
    f" EXECUTE FUNCTION {LINK_FUNCTION}()"
)
POSTGRESQL_TEXT = f"AFTER INSERT ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {TEXT_FUNCTION}()"
SQLITE_CATALOGUE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
# Rules rewrite statements before any trigger sees them.
POSTGRESQL_CATALOGUE = """
    SELECT t.tgname, t.tgtype::int, t.tgenabled::text, t.tginitdeferred,
           t.tgqual IS NULL AND t.tgattr::text = '', p.proname, p.prosrc, l.lanname
    FROM pg_trigger t
    JOIN pg_proc p ON p.oid = t.tgfoid
    JOIN pg_language l ON l.oid = p.prolang
    WHERE t.tgrelid = to_regclass(%s) AND NOT t.tgisinternal
    UNION ALL
    SELECT rulename, 0, '', false, false, '', '', '' FROM pg_rewrite
    WHERE ev_class = to_regclass(%s)
"""


def text_function_body() -> str:
    """Return the body of PostgreSQL's function that indexes a new entry."""
    texts, actions = (module.of_new_row("postgresql") for module in (text_sql, action_sql))
    return f" BEGIN {texts} {actions} RETURN NULL; END "


def is_supported(connection: BaseDatabaseWrapper) -> bool:
    """Return True for the databases that have triggers here: SQLite and PostgreSQL."""
    return connection.vendor in ("sqlite", "postgresql")


def prepare(*, connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Give a new connection to SQLite the functions that the triggers call."""
    if connection.vendor == "sqlite":
        for name, function in ((SHA256, chain.sha256), (fold_sql.FUNCTION, fold)):
            connection.connection.create_function(name, 1, function, deterministic=True)


def faulty_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of triggers that are missing, altered, disabled or not of this module.

    Empty while the tables do not exist.
    """
    if WRITTEN - set(connection.introspection.table_names()):
        return []
    wanted = expected(connection)
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


def create(connection: BaseDatabaseWrapper) -> None:
    on_sqlite = connection.vendor == "sqlite"
    statements = sqlite_triggers(connection).values() if on_sqlite else postgresql_statements()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def expected(connection: BaseDatabaseWrapper) -> Mapping[str, object]:
    """Return what ``on`` returns for all tables together while all triggers are intact."""
    if connection.vendor == "sqlite":
        return sqlite_triggers(connection)
    # "A": always enabled, also under session_replication_role = replica.
    intact = ("A", False, True, FUNCTION, FUNCTION_BODY, "plpgsql")
    linking = ("A", True, True, LINK_FUNCTION, LINK_FUNCTION_BODY, "plpgsql")
    guards = {
        f"{table}{PREFIX}{name}": (kind, *intact)
        for table in TABLES
        for name, (_definition, kind) in POSTGRESQL.items()
    }
    adding = ("A", False, True, TEXT_FUNCTION, text_function_body(), "plpgsql")
    return guards | {LINK: (1 | 4, *linking), TEXT: (1 | 4, *adding)}


def on(connection: BaseDatabaseWrapper, table: str) -> dict[str, object]:
    """Return each trigger and rule on a table by name, with what decides if it is intact."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(SQLITE_CATALOGUE, [table])
            return dict(cursor.fetchall())
        cursor.execute(POSTGRESQL_CATALOGUE, [table, table])
        return {name: tuple(rest) for name, *rest in cursor.fetchall()}


def sqlite_triggers(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Return name and definition of each trigger, for the unique indexes that exist now."""
    refusal = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    found = {}
    for table, key in TABLES.items():
        with connection.cursor() as cursor:
            guards = {
                f"replace_{index}": ("BEFORE INSERT", conflict)
                for index, conflict in unique_indexes.conflicts(cursor, table)
            }
        for guard, (moment, condition) in (SQLITE | guards).items():
            name, when = f"{table}{PREFIX}{guard}", condition
            if guard in SQLITE:
                when = condition.format(table=table, key=key, pruned=PRUNED[table])
            found[name] = f'CREATE TRIGGER "{name}" {moment} ON {table} WHEN {when} {refusal}'
    return found | {LINK: SQLITE_LINK, TEXT: SQLITE_TEXT}


def postgresql_statements() -> Iterator[str]:
    """Yield the statements that create the functions and all triggers."""
    functions = {
        FUNCTION: FUNCTION_BODY,
        LINK_FUNCTION: LINK_FUNCTION_BODY,
        TEXT_FUNCTION: text_function_body(),
    }
    for function, body in functions.items():
        yield (
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql"
            f" AS $body${body}$body$"
        )
    for table in TABLES:
        for guard, (definition, _type) in POSTGRESQL.items():
            name = f"{table}{PREFIX}{guard}"
            moment = definition.format(table=table)
            yield f"CREATE TRIGGER {name} {moment} EXECUTE FUNCTION {FUNCTION}()"
            yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"
    yield f"CREATE CONSTRAINT TRIGGER {LINK} {POSTGRESQL_LINK}"
    yield f"CREATE TRIGGER {TEXT} {POSTGRESQL_TEXT}"
    for name in (LINK, TEXT):
        yield f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}"
