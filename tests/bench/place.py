"""Measure a whole *place*, from the form's POST to the finished answer, beside the bare call.

    python -m tests.bench.place [--calls 300] [--database sqlite|postgresql|both]

The product under gunicorn, the sandbox and this client are three processes on loopback. Each place
takes turns with what it cannot do without: ``httpx.Client.post`` and ``.json()`` to the same
sandbox. SQLite and PostgreSQL write to the disk as in production. Prints medians and what the
product adds. Status 1 if that is more than 12 ms.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from statistics import median
from time import perf_counter

import httpx

from tests import postgresql
from tests.bench.aims import Aim
from tests.bench.product import API_KEY, FIRST_SLOT, Person, Product, expect, running_product

ADDED = Aim("ms over the bare call", 12.0, "at most")


def main() -> int:
    """Measure and print; return 1 if the aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=300, help="of each kind")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    options = parser.parse_args()
    return 0 if report(options.calls, options.database) else 1


def report(calls: int = 300, database: str = "both") -> bool:
    """Measure and print; return whether the aim is met on each database."""
    met = True
    if database != "postgresql":
        with running_product() as product:
            met &= report_product("SQLite", product, calls)
    if database != "sqlite" and postgresql.binaries() is None:
        sys.stdout.write("place on PostgreSQL: not on this machine\n")
    elif database != "sqlite":
        with postgresql.fresh_database(durable=True) as url, running_product(url) as product:
            met &= report_product("PostgreSQL", product, calls)
    return met


def report_product(database: str, product: Product, calls: int) -> bool:
    """Let place and bare call take turns, the other one first each time."""
    seconds: dict[str, list[float]] = {"place": [], "call": []}
    with product.person("bench", "Staff") as person, httpx.Client() as plain:
        for number in range(calls + calls // 10):
            for name in sorted(seconds, reverse=number % 2 == 1):
                began = perf_counter()
                if name == "place":
                    place(person, number)
                else:
                    bare_call(plain, product.sandbox, number)
                seconds[name].append(perf_counter() - began)
    # The first tenth warms up.
    medians = {name: 1e3 * median(took[-calls:]) for name, took in seconds.items()}
    sys.stdout.write(
        f"place on {database}\n"
        f"  bare call {medians['call']:7.2f} ms   place {medians['place']:7.2f} ms   (medians)\n"
    )
    return ADDED.judge(medians["place"] - medians["call"])


def place(person: Person, number: int) -> None:
    """Place a hold in an even hour; the odd ones are the bare call's."""
    person.place(FIRST_SLOT + timedelta(hours=2 * number))


def bare_call(plain: httpx.Client, sandbox: str, number: int) -> None:
    """Send the same POST to the sandbox."""
    answer = plain.post(
        f"{sandbox}/v2/slots/reservations",
        json={
            "eventTypeId": 1,
            "slotStart": (FIRST_SLOT + timedelta(hours=2 * number + 1)).isoformat(),
            "reservationDuration": 60,
        },
        headers={"Authorization": f"Bearer {API_KEY}", "cal-api-version": "2024-09-04"},
    )
    expect(answer, 201).json()


if __name__ == "__main__":
    sys.exit(main())
