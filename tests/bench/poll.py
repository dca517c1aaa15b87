"""How many polls of a full board without news one worker on one core answers.

    python -m tests.bench.poll [--holds 500] [--rounds 5] [--seconds 2]

The poll carries the tag of what is there and takes turns with the empty signed-in view;
``tests.bench.busy`` says how. The aims: at least 60 % of the empty view's pages per second, no
body, at most 700 bytes of headers.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass

import httpx

from tests.bench.busy import EMPTY, Size, asked_for, fill, one_core, rates
from tests.bench.counting import HEADER
from tests.bench.house import Person, expect
from tests.bench.report import Aim

SHARE = Aim("% of the empty view's pages", 60.0, "at least")
HEADERS = Aim("bytes of headers", 700, "at most")
BODY = Aim("bytes of body", 0, "at most")
POLL = "/board?tab=everyone"
HOLDS = 500


@dataclass(frozen=True)
class Figures:
    """Answers per second, bytes, and queries of one poll."""

    poll: float
    empty: float
    headers: int
    body: int
    queries: int
    queries_of_empty: int


def main() -> int:
    """Measure and print. Status 1 where an aim is missed."""
    return 0 if report(asked_for(__doc__, HOLDS)) else 1


def report(size: Size | None = None) -> bool:
    """Print the figures; whether all aims are met."""
    size = size or Size(HOLDS)
    found = measure(size)
    sys.stdout.write(
        f"a poll without news of a board with {size.holds} live holds, one worker on one core\n"
        f"  poll {found.poll:.1f} answers/s   empty view {found.empty:.1f} pages/s   (medians)\n"
        f"  {found.queries} queries a poll, {found.queries_of_empty} of the empty view\n"
    )
    met = [SHARE.judge(100 * found.poll / found.empty)]
    met += [HEADERS.judge(found.headers), BODY.judge(found.body)]
    return all(met)


def measure(size: Size) -> Figures:
    """Fill the board, take its tag, and put poll and empty view under load in turns."""
    with ExitStack() as stack:
        built = stack.enter_context(one_core())
        staff = [stack.enter_context(built.person(name, "Staff")) for name in ("ada", "bo")]
        fill(staff, range(size.holds))
        poll = unchanged(staff[0])
        empty = expect(staff[0].client.get(EMPTY, headers={HEADER: "yes"}), 200)
        polls, pages = rates(built, staff[0], POLL, size, tag=poll.headers["ETag"])
    return Figures(
        poll=polls,
        empty=pages,
        headers=size_of_headers(poll),
        body=len(poll.content),
        queries=int(poll.headers[HEADER]),
        queries_of_empty=int(empty.headers[HEADER]),
    )


def unchanged(person: Person) -> httpx.Response:
    """A poll whose answer is that nothing is new."""
    tag = expect(person.client.get(POLL), 200).headers["ETag"]
    asked = {"If-None-Match": tag, HEADER: "yes"}
    return expect(person.client.get(POLL, headers=asked), 304)


def size_of_headers(answer: httpx.Response) -> int:
    """As they went over the wire, with the status line; without the benchmark's own."""
    lines = [(name, value) for name, value in answer.headers.raw if name.decode() != HEADER]
    return len(b"HTTP/1.1 304 Not Modified\r\n\r\n") + sum(
        len(name) + len(value) + 4 for name, value in lines
    )


if __name__ == "__main__":
    sys.exit(main())
