"""Time what is done with the whole log: verification and export, and what an entry costs."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection, transaction

from dashboard.audit import chain_verification, export, triggers
from dashboard.audit.models import AuditEntry, AuditLink

WRITERS, EACH = 8, 25
MOST_COPIED = 1_000_000  # entries beside which a plain insert is timed
COLUMNS: dict[str, Any] = {
    "kind": "event",
    "action": "expire",
    "outcome": "ok",
    "actor_name": "system",
    "asked": {"event_type_id": 7},
    "before": {"state": "held", "event_type_id": 7},
    "after": {"state": "expired", "event_type_id": 7},
    "request_id": "0123456789abcdef0123456789abcdef",
}


def verified_per_second() -> float:
    """Return entries per second with a process for each core; raise RuntimeError for a fault."""
    began = perf_counter()
    found = chain_verification.in_parts(lambda _position: None)
    if not found.is_whole:
        raise RuntimeError(f"{found.fault}")
    return found.count / (perf_counter() - began)


def exported(name: str, rows: int) -> tuple[float, float]:
    """Return rows per second, and MiB above idle after so many rows of the export."""
    blocks = export.of_actions(name, [])
    idle, began, count = memory(), perf_counter(), 0
    while count < rows and (block := next(blocks, None)):
        count += block.count
    return count / (perf_counter() - began), memory() - idle


def memory() -> float:
    """Return the largest memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write_times(rounds: int) -> dict[str, float]:
    """Return the median in milliseconds of an entry in a transaction of its own.

    Entries as the product writes them take turns with those of a copy without triggers.
    """
    taken: dict[str, list[float]] = {"plain": [], "whole": []}
    with plain_table() as plain:
        for number in range(rounds + rounds // 10):
            for name in sorted(taken, reverse=number % 2 == 1):
                began = perf_counter()
                write(plain if name == "plain" else None)
                taken[name].append(perf_counter() - began)
    return {name: 1000 * median(each[rounds // 10 :]) for name, each in taken.items()}


def write(table: Callable[..., Any] | None = None) -> None:
    """Write one entry through the model, with a wrapper into another table."""
    entry = AuditEntry(at=datetime.now(UTC), **COLUMNS)
    with transaction.atomic():
        if table is None:
            entry.save()
        else:
            with connection.execute_wrapper(table):
                entry.save()


@contextmanager
def plain_table() -> Iterator[Callable[..., Any]]:
    """Copy the table with its entries and indexes; give what sends an INSERT there.

    In an empty copy an INSERT would find every page of an index in the cache, and none to log.
    """
    name = "plain_entry"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {name}")
        for statement in list(copy_statements(cursor, name)):
            cursor.execute(statement)

    def redirect(execute: Any, sql: str, *arguments: Any) -> Any:
        return execute(sql.replace(f'"{triggers.TABLE}"', f'"{name}"'), *arguments)

    yield redirect
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {name}")


def copy_statements(cursor: Any, name: str) -> Iterator[str]:
    """Yield the statements that create and fill the copy; a checkpoint treats both tables alike."""
    fill = f"INSERT INTO {name} SELECT * FROM {triggers.TABLE} ORDER BY id DESC LIMIT {MOST_COPIED}"
    if connection.vendor == "postgresql":
        yield f"CREATE TABLE {name} (LIKE {triggers.TABLE} INCLUDING ALL EXCLUDING INDEXES)"
        yield fill
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", [triggers.TABLE]
        )
        for index, sql in cursor.fetchall():
            renamed = sql.replace(f" {index} ON", f" {name}_{index} ON")
            yield renamed.replace(f".{triggers.TABLE} ", f".{name} ")
        yield f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"
        yield "CHECKPOINT"
        return
    cursor.execute(
        "SELECT sql, name FROM sqlite_master WHERE tbl_name = %s AND type IN ('table', 'index')"
        " AND sql IS NOT NULL ORDER BY type DESC",
        [triggers.TABLE],
    )
    table, *indexes = [
        sql.replace(f'"{old}"', f'"plain_{old}"' if old != triggers.TABLE else name).replace(
            triggers.TABLE, name
        )
        for sql, old in cursor.fetchall()
    ]
    yield from (table, fill, *indexes, "PRAGMA wal_checkpoint(TRUNCATE)")


def lost_by_writers() -> int:
    """Write from several connections at once; return how many entries are not in the chain."""
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(EACH):
                write()
        except Exception as error:  # noqa: BLE001 counted below
            failed.append(error)
        finally:
            connection.close()

    last = AuditLink.objects.order_by("-position").values_list("position", "hash").first()
    threads = [threading.Thread(target=work) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = chain_verification.in_order(last or chain_verification.BEGIN)
    return WRITERS * EACH - found.count if found.is_whole else WRITERS * EACH
