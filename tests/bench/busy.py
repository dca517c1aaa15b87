"""A full board on one worker on one core, under load beside an empty signed-in view.

The board is filled through the product itself. The worker keeps to one core and the load, in
another process, to the others; it comes over connections that stay open and asks as browsers do
for compressed pages. What is measured and the empty view take turns; the median counts.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

import httpx

from tests.bench.house import FIRST, House, Person, house
from tests.bench.load import load

EMPTY = "/empty"
CLIENTS = ("Grace Hopper", "Edsger W. Dijkstra", "Rósa Jónsdóttir", "Ada King", "Li Wei")
NOTES = ("", "", "prefers the room at the back", "calls back after lunch")


@dataclass(frozen=True)
class Size:
    """How much is measured: holds on the board, rounds, and seconds for each view in a round."""

    holds: int
    rounds: int = 5
    seconds: float = 2.0


def asked_for(purpose: str | None, holds: int) -> Size:
    """What the command line asks for; ``holds`` unless it says otherwise."""
    parser = argparse.ArgumentParser(description=(purpose or "").partition("\n")[0])
    parser.add_argument("--holds", type=int, default=holds)
    parser.add_argument("--rounds", type=int, default=Size.rounds)
    parser.add_argument("--seconds", type=float, default=Size.seconds, help="for each view")
    return Size(**vars(parser.parse_args()))


@contextmanager
def one_core() -> Iterator[House]:
    """The product with its one worker on one core."""
    with ExitStack() as stack:
        with _keeping_to({cores()[0]}):
            built = stack.enter_context(house())
        yield built


@contextmanager
def _keeping_to(chosen: set[int]) -> Iterator[None]:
    """What is started inside keeps to these cores for ever; this process only inside."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cores() -> tuple[int, set[int]]:
    """One for the worker and the others for the load; where there is one only, they share it."""
    first, *others = sorted(os.sched_getaffinity(0))
    return first, set(others) or {first}


def fill(staff: list[Person], numbers: range) -> None:
    """Holds for different clients, by everybody in turn, as an office has them."""
    for number in numbers:
        staff[number % len(staff)].place(
            FIRST + timedelta(hours=number),
            reservation_duration=str(60 + number % 60),
            client_name=f"{CLIENTS[number % len(CLIENTS)]} {number}",
            note=NOTES[number % len(NOTES)],
        )


def rates(
    built: House, person: Person, path: str, size: Size, *, tag: str = ""
) -> tuple[float, float]:
    """Answers per second of what is measured and of the empty view.

    With the ``tag`` of what is there the former are answers that nothing is new.
    """
    port = httpx.URL(built.url).port or 80
    cookie = "; ".join(f"{name}={value}" for name, value in person.client.cookies.items())
    tags = {path: tag, EMPTY: ""}
    found: dict[str, list[float]] = {each: [] for each in tags}
    with load(port, cookie, cores()[1]) as per_second:
        for each, known in tags.items():
            per_second(each, size.seconds / 2, known)  # warms up
        for turn in range(size.rounds):
            for each in sorted(tags, reverse=turn % 2 == 1):
                found[each].append(per_second(each, size.seconds, tags[each]))
    return median(found[path]), median(found[EMPTY])
