"""Measure the page of free times with a practice of calendars, beside the same with one calendar.

    python -m tests.bench.picker [--rounds 60]

Both are warm: cal.com's lists and times are stored. The two take turns as calendars are added, so
the first is measured before the others are there; medians count. Status 1 if an aim is missed.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
from statistics import median
from time import perf_counter

from tests.bench.aims import Aim
from tests.bench.product import Person, expect, running_product
from tests.script_visitor import free_tuesday

PATH = f"/holds/new?event_type_id=1010&view=week&day={free_tuesday()}"  # of a whole week
FIRST, *OTHERS = (
    "anna.rossi",
    "jose.garcia",
    "zofia.wisniewska",
    "layla.haddad",
    "yael.cohen",
    "marek.dvorak",
    "amelie.lefevre",
    "soren.ostergaard",
    "grace.okafor",
    "li.wei",
    "tom.brown",
    "owner",
)
RATIO = Aim("x the page with one calendar", 1.5, "at most")
SIZE = Aim("kB compressed", 25.0, "at most")
WARM_UP = 10


def main() -> int:
    """Measure and print; return 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=60)
    return 0 if report(parser.parse_args().rounds) else 1


def report(rounds: int = 60) -> bool:
    """Measure and print; return whether all aims are met."""
    with running_product() as product, product.person("chief", "Admins") as admin:
        add(admin, FIRST)
        one = milliseconds(admin, rounds)
        for name in OTHERS:
            add(admin, name)
        many = milliseconds(admin, rounds)
        page = expect(admin.client.get(PATH), 200)
    types = len(set(re.findall(r'<option value="(\d{4})"', page.text)))
    sys.stdout.write(
        f"free times with {1 + len(OTHERS)} calendars and {types} event types\n"
        f"  one calendar {one:.1f} ms   all {many:.1f} ms   (medians)\n"
    )
    met = [RATIO.judge(many / one), SIZE.judge(len(gzip.compress(page.content, 6)) / 1000)]
    return all(met)


def add(admin: Person, name: str) -> None:
    fields = {"csrfmiddlewaretoken": admin.token, "typed": name, "colour": "blue"}
    expect(admin.client.post("/calendars/", data=fields), 303)


def milliseconds(person: Person, rounds: int) -> float:
    """Return the median time of the page, once it is warm."""
    found = []
    for number in range(WARM_UP + rounds):
        began = perf_counter()
        expect(person.client.get(PATH), 200)
        if number >= WARM_UP:
            found.append(1e3 * (perf_counter() - began))
    return median(found)


if __name__ == "__main__":
    sys.exit(main())
