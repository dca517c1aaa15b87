"""Rows of a generated log, made by processes while another sends them to the database."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple

import orjson

from tests.bench.log_entries import Hold, Office, hashed

AHEAD = 6  # batches that are made before they are asked for
NULL = "\\N"  # in the text format of COPY
JSON_COLUMNS = ("asked", "before", "after")
NULLABLE = ("actor_id", "hold_id", "status", "milliseconds")


class Batch(NamedTuple):
    """Entries without their ids, their content hashes, and the holds of these and of no other."""

    entries: list[Any]  # text for COPY, or tuples
    hashes: list[str]
    holds: list[Hold]


def batches(entries: int, names: list[str], for_copy: bool) -> Iterator[Batch]:
    """Yield batches without end; ``names`` are the columns after the id."""
    processes = os.cpu_count() or 1
    end = datetime.now(UTC)
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        ahead: deque[Future[Batch]] = deque()
        for number in count():
            ahead.append(pool.submit(make, entries, end, number, names, for_copy))
            if len(ahead) > AHEAD:
                yield ahead.popleft().result()


def make(entries: int, end: datetime, number: int, names: list[str], for_copy: bool) -> Batch:
    """Return the batch with a number."""
    office = Office(entries, end, number)
    empty: dict[str, Any] = dict.fromkeys(names, "") | dict.fromkeys(JSON_COLUMNS, "{}")
    empty |= dict.fromkeys(NULLABLE, NULL if for_copy else None)
    rows: list[Any] = []
    hashes: list[str] = []
    for at, action_id, columns in office.stories():
        content = hashed(at, action_id, columns)
        row = empty | columns
        row["action_id"], row["content_hash"] = action_id, content
        row["at"] = f"{at.replace(tzinfo=None)}+00" if for_copy else str(at.replace(tzinfo=None))
        for name in JSON_COLUMNS:
            if name in columns:
                row[name] = orjson.dumps(row[name]).decode()
        rows.append(line(row.values()) if for_copy else tuple(row.values()))
        hashes.append(content)
    return Batch(rows, hashes, office.holds)


def line(values: Any) -> str:
    """Return a row in the text format of COPY; no value has a tab or a backslash."""
    return "\t".join(map(str, values)) + "\n"
