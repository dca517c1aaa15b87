"""How long a whole *place* takes, from the form's POST to the finished answer.

    python -m tests.bench.placing [--calls 300] [--database sqlite|postgresql|both]

The product under gunicorn, the sandbox and this client are three processes on loopback. Each place
takes turns with what it cannot do without: the bare call (``httpx.Client.post`` and ``.json()`` to
the same sandbox) and a bare commit (one INSERT with the database's own driver, with the product's
durability, on the same disk). Prints medians, the milliseconds over the bare call, and the ratio
to three bare commits and the bare call; the aims are at most 12 ms and 3.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx
import psycopg

from dashboard.edge import setting_readers
from tests import postgresql
from tests.bench.house import FIRST, KEY, House, Person, expect, house
from tests.bench.report import Aim

OVER = Aim("ms over the bare call", 12.0, "at most")
RATIO = Aim("x three commits + the call", 3.0, "at most")
INSERT = "INSERT INTO bare (word) VALUES ('{}')".format("x" * 200)
TABLE = "CREATE TABLE bare (id {} PRIMARY KEY, word TEXT)"


@dataclass(frozen=True)
class Figures:
    """Medians in milliseconds."""

    call: float
    commit: float
    place: float

    @property
    def over(self) -> float:
        return self.place - self.call

    @property
    def ratio(self) -> float:
        return self.place / (3 * self.commit + self.call)


def main() -> int:
    """Measure and print. Status 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=300, help="of each kind")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    options = parser.parse_args()
    return 0 if report(options.calls, options.database) else 1


def report(calls: int = 300, database: str = "both") -> bool:
    """Print the figures of the databases; whether all aims are met."""
    met = True
    if database != "postgresql":
        met &= _print("SQLite, synchronous=FULL", on_sqlite(calls))
    if database != "sqlite" and postgresql.binaries() is None:
        sys.stdout.write("place on PostgreSQL: not on this machine\n")
    elif database != "sqlite":
        met &= _print("PostgreSQL, default durability", on_postgresql(calls))
    return met


def on_sqlite(calls: int) -> Figures:
    """With a file each for the product and for the bare commits, in one folder."""
    with house() as built, sqlite_commit(built.folder / "bare.sqlite3") as commit:
        return measure(built, commit, calls)


def on_postgresql(calls: int) -> Figures:
    """With one fresh database for the product and for the bare commits."""
    with (
        postgresql.fresh_database() as url,
        house(url) as built,
        postgresql_commit(url) as commit,
    ):
        return measure(built, commit, calls)


@contextmanager
def sqlite_commit(path: Path) -> Iterator[Callable[[], object]]:
    """One transaction of one INSERT, on a connection opened as the product opens its own."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(setting_readers.sqlite(path)["OPTIONS"]["init_command"])
    connection.execute(TABLE.format("INTEGER"))
    _check(connection.execute("PRAGMA synchronous").fetchone() == (2,), "synchronous is not FULL")

    def commit() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(INSERT)
        connection.execute("COMMIT")

    yield commit
    connection.close()


@contextmanager
def postgresql_commit(url: str) -> Iterator[Callable[[], object]]:
    """The same there. Raises RuntimeError where the server keeps less than PostgreSQL does."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            row = connection.execute(f"SHOW {name}").fetchone()
            _check(row == ("on",), f"{name} is switched off")
        connection.execute(TABLE.format("SERIAL"))
        yield lambda: connection.execute(INSERT)


def measure(built: House, commit: Callable[[], object], calls: int) -> Figures:
    """The three in turns, every time another one first; the first tenth is for warming up."""
    with built.person("bench", "Staff") as person, httpx.Client() as plain:
        turns: list[tuple[str, Callable[[int], object]]] = [
            ("call", lambda number: bare_call(plain, built.sandbox, number)),
            ("commit", lambda _: commit()),
            ("place", lambda number: place(person, number)),
        ]
        seconds: dict[str, list[float]] = {name: [] for name, _ in turns}
        for number in range(calls + calls // 10):
            turns.append(turns.pop(0))
            for name, act in turns:
                began = perf_counter()
                act(number)
                seconds[name].append(perf_counter() - began)
    return Figures(**{name: median(took[-calls:]) * 1e3 for name, took in seconds.items()})


def place(person: Person, number: int) -> None:
    """Every hour is asked for once: the even ones here, the odd ones by the bare call."""
    person.place(FIRST + timedelta(hours=2 * number))


def bare_call(plain: httpx.Client, sandbox: str, number: int) -> object:
    """What the place cannot do without: the same POST to cal.com."""
    answer = plain.post(
        f"{sandbox}/v2/slots/reservations",
        json={
            "eventTypeId": 1,
            "slotStart": (FIRST + timedelta(hours=2 * number + 1)).isoformat(),
            "reservationDuration": 60,
        },
        headers={"Authorization": f"Bearer {KEY}", "cal-api-version": "2024-09-04"},
    )
    return expect(answer, 201).json()


def _print(name: str, figures: Figures) -> bool:
    sys.stdout.write(
        f"place on {name}\n"
        f"  bare call {figures.call:7.2f} ms   bare commit {figures.commit:7.2f} ms"
        f"   place {figures.place:7.2f} ms   (medians)\n"
    )
    return OVER.judge(figures.over) & RATIO.judge(figures.ratio)


def _check(kept: bool, complaint: str) -> None:
    if not kept:
        raise RuntimeError(f"{complaint}: this would not be what the product does")


if __name__ == "__main__":
    sys.exit(main())
