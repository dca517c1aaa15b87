"""Databases with a generated log, kept in a folder, so that a second run finds them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.core.management.color import no_style

from dashboard.localization.searching import search_text
from tests import postgresql
from tests.bench import log_rows
from tests.bench.log_entries import PEOPLE, Hold as MadeHold

LOADED = "holdfast_log_is_loaded"  # a table that only a whole database has
WITHOUT_WAL = {"wal_level": "minimal", "max_wal_senders": "0"}  # of a table that is new
MEMORY = ("SET work_mem = '512MB'", "SET maintenance_work_mem = '1GB'")


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a lasting PostgreSQL in a folder; give its address."""
    folder.mkdir(parents=True, exist_ok=True)
    process, address = postgresql.serve(
        folder, {"shared_buffers": "1GB", "max_wal_size": "8GB", **WITHOUT_WAL}
    )
    try:
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def url_of(vendor: str, folder: Path, entries: int, address: str) -> str:
    """Return the DATABASE_URL of the log with so many entries; create an empty database."""
    if vendor == "sqlite":
        return f"sqlite:///{folder.resolve() / f'log-{entries}.sqlite3'}"
    import psycopg  # noqa: PLC0415 without the driver, SQLite can be measured

    name = f"log_{entries}"
    with psycopg.connect(address, autocommit=True) as connection:
        if not connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [name]
        ).fetchone():
            connection.execute(f"CREATE DATABASE {name}")
    return urlunsplit(urlsplit(address)._replace(path=f"/{name}"))


def load(entries: int) -> None:
    """Fill Django's database with so many entries, unless it has them; print the rate.

    Raises SystemExit for a database that has a part of them.
    """
    from django.core.management import call_command  # noqa: PLC0415 after django.setup()
    from django.db import connection, transaction  # noqa: PLC0415

    from dashboard.accounts.models import User  # noqa: PLC0415
    from dashboard.audit import triggers  # noqa: PLC0415

    call_command("migrate", verbosity=0)  # a log of an earlier run gets the triggers of today
    if LOADED in connection.introspection.table_names():
        return
    if User.objects.exists():
        raise SystemExit("An earlier run broke off while it generated the log: remove the folder.")
    began = time.perf_counter()
    triggers.drop(connection)
    with connection.cursor() as cursor:
        prepare(connection, cursor)
        indexes = drop_indexes(connection, cursor)
        with transaction.atomic():
            if connection.vendor == "postgresql":  # COPY needs no WAL for what is new
                cursor.execute(f"TRUNCATE {', '.join(tables())} CASCADE")
            write(connection, cursor, entries)
        sys.stderr.write(f"\r  {time.perf_counter() - began:6.1f} s entries, links and holds\n")
        finish(connection, cursor, indexes)
    triggers.install(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {LOADED} (id integer)")
    seconds = time.perf_counter() - began
    sys.stderr.write(
        f"  generated {entries} entries on {connection.vendor}: {entries / seconds:.0f}/s\n"
    )
    sys.stderr.flush()


def prepare(connection: Any, cursor: Any) -> None:
    """Add the people, and let the database neither sync nor check what is loaded."""
    from dashboard.accounts.models import User  # noqa: PLC0415

    User.objects.bulk_create(
        User(pk=number, username=f"person{number}", first_name=f"Name{number}")
        for number in range(1, PEOPLE + 1)
    )
    if connection.vendor == "postgresql":
        for statement in (*MEMORY, "SET synchronous_commit = off"):
            cursor.execute(statement)
        cursor.execute("SET session_replication_role = replica")
    else:
        for pragma in (
            "journal_mode=OFF",
            "synchronous=OFF",
            "cache_size=-1000000",
            "foreign_keys=OFF",
            "temp_store=2",
        ):
            cursor.execute(f"PRAGMA {pragma}")


def tables() -> list[str]:
    from dashboard.audit import action_sql, text_index, triggers  # noqa: PLC0415

    return [
        triggers.TABLE,
        triggers.LINKS,
        action_sql.ACTIONS,
        *text_index.TABLES,
        "dashboard_hold",
    ]


def drop_indexes(connection: Any, cursor: Any) -> list[str]:
    """Drop all indexes of what is loaded; return the statements that create them."""
    if connection.vendor == "sqlite":
        cursor.execute(
            "SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        )
    else:
        cursor.execute(
            "SELECT indexname, indexdef, tablename FROM pg_indexes WHERE schemaname = 'public'"
            " AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)"
        )
    found = [(name, sql) for name, sql, table in cursor.fetchall() if table in tables()]
    for name, _sql in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [sql for _name, sql in found]


def write(connection: Any, cursor: Any, entries: int) -> None:
    """Write entries with their links and holds."""
    from dashboard.audit import chain, triggers  # noqa: PLC0415
    from dashboard.audit.models import AuditEntry  # noqa: PLC0415

    on_sqlite = connection.vendor == "sqlite"
    names = [each.attname for each in AuditEntry._meta.concrete_fields if not each.primary_key]
    insert_entries = inserter(on_sqlite, cursor, triggers.TABLE, ["id", *names])
    link_names = ["position", "entry_id", "content_hash", "hash"]
    insert_links = inserter(on_sqlite, cursor, triggers.LINKS, link_names)
    insert_holds = holds_inserter(on_sqlite, cursor)
    previous, done = chain.FIRST, 0
    for batch in log_rows.batches(entries, names, for_copy=not on_sqlite):
        links = []
        for number, content in enumerate(batch.hashes[: entries - done], start=done + 1):
            previous = chain.link_hash(previous, number, number, content)
            links.append((number, number, content, previous))
        numbered = zip(range(done + 1, entries + 1), batch.entries, strict=False)
        if on_sqlite:
            insert_entries((number, *entry) for number, entry in numbered)
        else:
            insert_entries("".join([f"{number}\t{entry}" for number, entry in numbered]))
        insert_links(links)
        insert_holds(batch.holds)
        done += len(links)
        bar(done, entries)
        if done == entries:
            return


def holds_inserter(on_sqlite: bool, cursor: Any) -> Any:
    """Return a function that writes holds, and their texts."""
    from dashboard.audit import text_index  # noqa: PLC0415
    from dashboard.holds.models import Hold  # noqa: PLC0415

    fields = list(Hold._meta.concrete_fields)
    nothing = None if on_sqlite else log_rows.NULL
    empty = {f.column: nothing if f.null else "" for f in fields} | {
        "hosts": "[]",
        "state": "released",
        "reservation_duration": 15,
        "version": 1,
    }
    insert = inserter(on_sqlite, cursor, "dashboard_hold", [*map(str, empty)])
    insert_texts = inserter(on_sqlite, cursor, text_index.HOLDS, ["rowid", "text"])

    def write_holds(holds: list[MadeHold]) -> None:
        rows = []
        for number, client, person, event_type, at in holds:
            moment = str(at.replace(tzinfo=None)) + ("" if on_sqlite else "+00")
            row = empty | {"id": number, "holder_id": person, "client_name": client}
            row |= {"slot_start": moment, "event_type_id": event_type, "created_at": moment}
            rows.append(tuple((row | {"changed_at": moment, "ended_at": moment}).values()))
        insert(rows)
        break_ = "\n" if on_sqlite else "\\n"
        insert_texts(
            [(hold[0], search_text(hold[1], "", "").replace("\n", break_)) for hold in holds]
        )

    return write_holds


def inserter(on_sqlite: bool, cursor: Any, table: str, names: list[str]) -> Any:
    """Return a function that writes rows of a table."""
    columns = ", ".join(f'"{name}"' for name in names)

    def with_copy(rows: Iterable[Any] | str) -> None:
        whole = rows if isinstance(rows, str) else "".join(map(log_rows.line, rows))
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN WITH (FREEZE)") as copy:
            copy.write(whole)

    def with_insert(rows: Iterable[Any]) -> None:
        places = ", ".join(["?"] * len(names))
        cursor.connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)

    return with_insert if on_sqlite else with_copy


def finish(connection: Any, cursor: Any, indexes: list[str]) -> None:
    """Fill what the product keeps beside the entries by its own statements, and build indexes."""
    from dashboard.accounts.models import User  # noqa: PLC0415
    from dashboard.audit import action_sql, rollup_sql, text_index, text_sql  # noqa: PLC0415
    from dashboard.audit.models import AuditEntry  # noqa: PLC0415
    from dashboard.holds.models import Hold  # noqa: PLC0415

    vendor = connection.vendor
    by_action = [sql for sql in indexes if "audit_action_kind" in sql]
    of_actions = [sql for sql in indexes if action_sql.ACTIONS in sql]
    of_texts = [sql for sql in indexes if text_index.ENTRIES in sql]
    others = [sql for sql in indexes if sql not in by_action + of_actions + of_texts]
    *counts, days = rollup_sql.statements(vendor)
    run(by_action)
    actions = f"INSERT INTO {action_sql.ACTIONS} ({action_sql.COLUMNS})"
    texts = f"INSERT INTO {text_index.ENTRIES} (rowid, text)"
    run([f"{actions} {action_sql.all_actions(vendor, action_sql.COLUMNS)}", *others])
    run([f"{texts} {text_sql.all_texts(vendor)}", *counts, *of_actions])
    run([days, *of_texts])
    cursor.execute("VACUUM ANALYZE" if vendor == "postgresql" else "ANALYZE")
    if vendor == "postgresql":
        for statement in connection.ops.sequence_reset_sql(no_style(), [User, Hold, AuditEntry]):
            cursor.execute(statement)
        cursor.execute("SET session_replication_role = origin")


def run(statements: list[str]) -> None:
    """Execute statements that do not depend on each other; PostgreSQL does two at a time."""
    from django.db import connection  # noqa: PLC0415

    if connection.vendor == "sqlite":
        for statement in statements:
            execute(connection, statement)
        return

    def alone(statement: str) -> None:
        with connection.cursor() as cursor:
            for setting in MEMORY:
                cursor.execute(setting)
        execute(connection, statement)
        connection.close()  # that of the thread

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(alone, statements))


def execute(connection: Any, statement: str) -> None:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(statement)
    sys.stderr.write(f"  {time.perf_counter() - began:6.1f} s {statement[:60]!r}\n")


def bar(done: int, total: int) -> None:
    """Show on a terminal how far the generator is."""
    if sys.stderr.isatty() or os.environ.get("PROGRESS"):
        width = 40 * done // total
        sys.stderr.write(f"\r[{'#' * width}{' ' * (40 - width)}] {done:,} of {total:,}")
        sys.stderr.flush()
