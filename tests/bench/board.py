"""How many pages of a full board one worker on one core serves, beside an empty signed-in view.

    python -m tests.bench.board [--holds 200] [--rounds 5] [--seconds 2]

Two people fill the board and an Admin looks at it, for whom every row has all its buttons;
``tests.bench.busy`` says how. The aims: at least 6 % of the empty view's pages per second, at most
12 kB compressed, and as many queries as for 20 holds.
"""

from __future__ import annotations

import gzip
import sys
from contextlib import ExitStack
from dataclasses import dataclass

import httpx

from tests.bench.busy import Size, asked_for, fill, one_core, rates
from tests.bench.counting import HEADER
from tests.bench.house import Person, expect
from tests.bench.report import Aim

SHARE = Aim("% of the empty view's pages", 6.0, "at least")
SIZE = Aim("kB compressed", 12.0, "at most")
QUERIES = Aim("queries more than for 20 holds", 0, "at most")
HOLDS = 200
FEW = 20
LEVEL = 6  # of gzip: Django's, and what proxies take where they compress


@dataclass(frozen=True)
class Figures:
    """Pages per second, bytes, and queries of one page."""

    board: float
    empty: float
    plain: int
    compressed: int
    queries_of_few: int
    queries: int


def main() -> int:
    """Measure and print. Status 1 where an aim is missed."""
    return 0 if report(asked_for(__doc__, HOLDS)) else 1


def report(size: Size | None = None) -> bool:
    """Print the figures; whether all aims are met."""
    size = size or Size(HOLDS)
    found = measure(size)
    sys.stdout.write(
        f"the board with {size.holds} live holds, one worker on one core\n"
        f"  board {found.board:.1f} pages/s   empty view {found.empty:.1f} pages/s   (medians)\n"
        f"  {found.plain / 1000:.1f} kB before compression   {found.queries} queries a page\n"
    )
    met = [SHARE.judge(100 * found.board / found.empty), SIZE.judge(found.compressed / 1000)]
    return all([*met, QUERIES.judge(found.queries - found.queries_of_few)])


def measure(size: Size) -> Figures:
    """Fill the board, look at it, and put the two views under load in turns."""
    with ExitStack() as stack:
        built = stack.enter_context(one_core())
        staff = [stack.enter_context(built.person(name, "Staff")) for name in ("ada", "bo")]
        boss = stack.enter_context(built.person("chief", "Admins"))
        fill(staff, range(FEW))
        few = look(boss, FEW)
        fill(staff, range(FEW, size.holds))
        page = look(boss, size.holds)
        board, empty = rates(built, boss, "/", size)
    return Figures(
        board=board,
        empty=empty,
        plain=len(page.content),
        compressed=len(gzip.compress(page.content, LEVEL)),
        queries_of_few=int(few.headers[HEADER]),
        queries=int(page.headers[HEADER]),
    )


def look(person: Person, holds: int) -> httpx.Response:
    """The board with so many live holds, and with the number of its queries."""
    page = expect(person.client.get("/", headers={HEADER: "yes"}), 200)
    if page.text.count("<tr id=") != holds:
        raise RuntimeError(f"the board does not show {holds} holds")
    return page


if __name__ == "__main__":
    sys.exit(main())
