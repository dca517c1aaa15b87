"""Databases with a generated log, kept in a folder, so that a second run finds them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson
from django.core.management.color import no_style

from dashboard.localization.searching import search_text
from tests import postgresql
from tests.bench.log_entries import PEOPLE, Office, hashed

BATCH = 5000
LOADED = "holdfast_log_is_loaded"  # a table that only a whole database has
NULL = "\\N"  # in the text format of COPY
MEMORY = ("SET work_mem = '512MB'", "SET maintenance_work_mem = '1GB'")


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a lasting PostgreSQL in a folder; give its address."""
    folder.mkdir(parents=True, exist_ok=True)
    process, address = postgresql.serve(folder, {"shared_buffers": "1GB", "max_wal_size": "8GB"})
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
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return urlunsplit(urlsplit(address)._replace(path=f"/{name}"))


def load(entries: int) -> None:
    """Fill Django's database with so many entries, unless it has them; print the rate."""
    from django.core.management import call_command  # noqa: PLC0415 after django.setup()
    from django.db import connection  # noqa: PLC0415

    from dashboard.audit import triggers  # noqa: PLC0415

    if LOADED in connection.introspection.table_names():
        return
    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    triggers.drop(connection)
    with connection.cursor() as cursor:
        prepare(connection, cursor)
        indexes = drop_indexes(connection, cursor)
        office = Office(entries, datetime.now(UTC))
        write(connection, cursor, office)
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
            "synchronous=OFF",
            "cache_size=-1000000",
            "foreign_keys=OFF",
            "temp_store=2",
        ):
            cursor.execute(f"PRAGMA {pragma}")


def tables() -> list[str]:
    from dashboard.audit import action_sql, triggers  # noqa: PLC0415

    return [triggers.TABLE, triggers.LINKS, action_sql.ACTIONS, "dashboard_hold"]


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


def write(connection: Any, cursor: Any, office: Office) -> None:
    """Write entries with their links, then the holds and their texts."""
    from dashboard.audit import chain, text_index, triggers  # noqa: PLC0415
    from dashboard.audit.models import AuditEntry  # noqa: PLC0415

    on_sqlite = connection.vendor == "sqlite"
    names = [field.attname for field in AuditEntry._meta.concrete_fields]
    empty = dict.fromkeys(names, "") | {"asked": "{}", "before": "{}", "after": "{}"}
    nothing = None if on_sqlite else NULL
    empty |= dict.fromkeys(("actor_id", "hold_id", "status", "milliseconds"), nothing)

    def rows() -> Iterator[tuple[list[Any], list[Any]]]:
        previous = chain.FIRST
        for number, (at, action_id, columns) in enumerate(office.stories(), start=1):
            _whole, content = hashed(at, action_id, columns)
            row = empty | columns | {"id": number, "action_id": action_id, "content_hash": content}
            row["at"] = at.replace(tzinfo=None).isoformat(" ", timespec="microseconds")
            for name in ("asked", "before", "after"):
                if row[name] != "{}":
                    row[name] = orjson.dumps(row[name]).decode()
            if not on_sqlite:
                row["at"] += "+00"
            previous = chain.link_hash(previous, number, number, content)
            yield list(row.values()), [number, number, content, previous]
            if number % 50_000 == 0:
                bar(number, office.entries)

    batch: list[tuple[list[Any], list[Any]]] = []
    insert_entries = inserter(on_sqlite, cursor, triggers.TABLE, names)
    link_names = ["position", "entry_id", "content_hash", "hash"]
    insert_links = inserter(on_sqlite, cursor, triggers.LINKS, link_names)
    for row in rows():
        batch.append(row)
        if len(batch) == BATCH:
            insert_entries(entry for entry, _link in batch)
            insert_links(link for _entry, link in batch)
            batch.clear()
    insert_entries(entry for entry, _link in batch)
    insert_links(link for _entry, link in batch)
    write_holds(inserter, on_sqlite, cursor, office)
    texts = (
        [number, search_text(name, "", "").replace("\n", "\\n" if not on_sqlite else "\n")]
        for number, name, *_rest in office.holds
    )
    insert_texts = inserter(on_sqlite, cursor, text_index.HOLDS, ["rowid", "text"])
    insert_texts(texts)


def write_holds(inserter: Any, on_sqlite: bool, cursor: Any, office: Office) -> None:
    from dashboard.holds.models import Hold  # noqa: PLC0415

    fields = list(Hold._meta.concrete_fields)
    names = [field.column for field in fields]
    nothing = None if on_sqlite else NULL
    empty = {f.column: nothing if f.null else "" for f in fields} | {
        "hosts": "[]",
        "state": "released",
        "reservation_duration": 15,
        "version": 1,
    }

    def rows() -> Iterator[list[Any]]:
        for number, client, person, event_type, at in office.holds:
            moment = at.isoformat(" ", timespec="microseconds")
            moment = moment.removesuffix("+00:00") if on_sqlite else moment
            row = empty | {
                "id": number,
                "holder_id": person,
                "client_name": client,
                "slot_start": moment,
                "event_type_id": event_type,
                "created_at": moment,
                "changed_at": moment,
                "ended_at": moment,
            }
            yield list(row.values())

    inserter(on_sqlite, cursor, "dashboard_hold", names)(rows())


def inserter(on_sqlite: bool, cursor: Any, table: str, names: list[str]) -> Any:
    """Return a function that writes rows of a table."""
    columns = ", ".join(f'"{name}"' for name in names)

    def with_copy(rows: Iterable[list[Any]]) -> None:
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write("\t".join(map(str, row)) + "\n")

    def with_insert(rows: Iterable[list[Any]]) -> None:
        places = ", ".join(["?"] * len(names))
        connection = cursor.connection
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)
        connection.commit()

    return with_insert if on_sqlite else with_copy


def finish(connection: Any, cursor: Any, indexes: list[str]) -> None:
    """Fill what the product keeps beside the entries by its own statements, and build indexes."""
    from dashboard.accounts.models import User  # noqa: PLC0415
    from dashboard.audit import action_sql, rollup_sql, text_sql  # noqa: PLC0415
    from dashboard.audit.models import AuditEntry  # noqa: PLC0415
    from dashboard.holds.models import Hold  # noqa: PLC0415

    filling = [
        action_sql.insert_all(connection.vendor),
        *rollup_sql.statements(connection.vendor),
        text_sql.index_all(connection.vendor),
    ]
    first = [sql for sql in indexes if "audit_action_kind" in sql]
    rest = [sql for sql in indexes if sql not in first]
    for number, statement in enumerate([*first, *filling, *rest, "ANALYZE"], start=1):
        began = time.perf_counter()
        cursor.execute(statement)
        took = time.perf_counter() - began
        sys.stderr.write(
            f"\r{number}/{len(indexes) + len(filling) + 1} {statement[:60]!r} {took:.1f} s\n"
        )
    if connection.vendor == "sqlite":
        cursor.connection.commit()
    else:
        for statement in connection.ops.sequence_reset_sql(no_style(), [User, Hold, AuditEntry]):
            cursor.execute(statement)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")


def bar(done: int, total: int) -> None:
    """Show on a terminal how far the generator is."""
    if sys.stderr.isatty() or os.environ.get("PROGRESS"):
        width = 40 * done // total
        sys.stderr.write(f"\r[{'#' * width}{' ' * (40 - width)}] {done:,} of {total:,}")
        sys.stderr.flush()
