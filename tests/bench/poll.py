"""How many polls of a full board without news one worker on one core answers.

    python -m tests.bench.poll [--holds 500] [--rounds 5] [--seconds 2]

Set up as in ``tests.bench.board``: the poll carries the tag of what is there and takes turns with
the empty signed-in view; what counts is the median of the rounds. The aims: at least 60 % of the
empty view's pages per second, no body, at most 700 bytes of headers, and no call to cal.com.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import httpx

from tests.bench.board import cores, fill, keeping_to
from tests.bench.counting import HEADER
from tests.bench.house import House, Person, expect, house
from tests.bench.load import load
from tests.bench.report import Aim

SHARE = Aim("% of the empty view's pages", 60.0, "at least")
HEADERS = Aim("bytes of headers", 700, "at most")
BODY = Aim("bytes of body", 0, "at most")
POLL = "/board?tab=everyone"


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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--holds", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each view in a round")
    options = parser.parse_args()
    return 0 if report(options.holds, options.rounds, options.seconds) else 1


def report(holds: int = 500, rounds: int = 5, seconds: float = 2.0) -> bool:
    """Print the figures; whether all aims are met."""
    found = measure(holds, rounds, seconds)
    sys.stdout.write(
        f"a poll without news of a board with {holds} live holds, one worker on one core\n"
        f"  poll {found.poll:.1f} answers/s   empty view {found.empty:.1f} pages/s   (medians)\n"
        f"  {found.queries} queries a poll, {found.queries_of_empty} of the empty view\n"
    )
    met = [SHARE.judge(100 * found.poll / found.empty)]
    met += [HEADERS.judge(found.headers), BODY.judge(found.body)]
    return all(met)


def measure(holds: int, rounds: int, seconds: float) -> Figures:
    """Fill the board, take its tag, and put poll and empty view under load in turns."""
    core, others = cores()
    with ExitStack() as stack:
        with keeping_to({core}):
            built = stack.enter_context(house())
        staff = [stack.enter_context(built.person(name, "Staff")) for name in ("ada", "bo")]
        fill(staff, range(holds))
        poll = unchanged(staff[0])
        empty = expect(staff[0].client.get("/empty", headers={HEADER: "yes"}), 200)
        polls, pages = rates(built, staff[0], others, rounds, seconds)
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


def rates(
    built: House, person: Person, others: set[int], rounds: int, seconds: float
) -> tuple[float, float]:
    """Answers per second of the poll and of the empty view."""
    port = httpx.URL(built.url).port or 80
    cookie = "; ".join(f"{name}={value}" for name, value in person.client.cookies.items())
    tag = expect(person.client.get(POLL), 200).headers["ETag"]
    tags = {POLL: tag, "/empty": ""}
    found: dict[str, list[float]] = {path: [] for path in tags}
    with load(port, cookie, others) as pages_per_second:
        for path, known in tags.items():
            pages_per_second(path, seconds / 2, known)  # warms up
        for turn in range(rounds):
            for path in sorted(found, reverse=turn % 2 == 1):
                found[path].append(pages_per_second(path, seconds, tags[path]))
    return median(found[POLL]), median(found["/empty"])


if __name__ == "__main__":
    sys.exit(main())
