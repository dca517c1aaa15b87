"""Measure the full board and its poll on one core, beside an empty signed-in view.

    python -m tests.bench.pages [--board 200] [--poll 500] [--rounds 5] [--seconds 2]

Two people place the holds through the product itself. An Admin looks at the board, because an
Admin's rows have all buttons. The poll carries the ETag of the present board, so its answer is 304.
The one worker keeps to one core and the load to the others. What is measured and the empty view
take turns; medians count. Status 1 if an aim is missed.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median

import httpx

from tests.bench.aims import Aim
from tests.bench.load import load
from tests.bench.product import Person, Product, expect, place_holds, running_product
from tests.bench.query_count import HEADER

BOARD, POLL, EMPTY = "/", "/board?tab=everyone", "/empty"
FEW = 20  # holds
GZIP_LEVEL = 6  # Django's, and what proxies take where they compress

BOARD_RATE = Aim("% of the empty view's pages", 15.0, "at least")
BOARD_SIZE = Aim("kB compressed", 12.5, "at most")
BOARD_QUERIES = Aim(f"queries more than for {FEW} holds", 0, "at most")
POLL_RATE = Aim("% of the empty view's pages", 60.0, "at least")
POLL_HEADERS = Aim("bytes of headers", 450, "at most")
POLL_BODY = Aim("bytes of body", 0, "at most")


@dataclass(frozen=True)
class Size:
    """Holds on the board, holds on the polled board, rounds, and seconds per view and round."""

    board: int = 200
    poll: int = 500
    rounds: int = 5
    seconds: float = 2.0


def main() -> int:
    """Measure and print; return 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--board", type=int, default=Size.board, help="holds on the board")
    parser.add_argument("--poll", type=int, default=Size.poll, help="holds on the polled board")
    parser.add_argument("--rounds", type=int, default=Size.rounds)
    parser.add_argument("--seconds", type=float, default=Size.seconds, help="for each view")
    return 0 if report(Size(**vars(parser.parse_args()))) else 1


def report(size: Size | None = None) -> bool:
    """Measure and print; return whether all aims are met."""
    size = size or Size()
    with ExitStack() as stack:
        product = stack.enter_context(product_on_one_core())
        staff = [stack.enter_context(product.person(name, "Staff")) for name in ("ada", "bo")]
        admin = stack.enter_context(product.person("chief", "Admins"))
        place_holds(staff, range(FEW))
        few = get_board(admin, FEW)
        place_holds(staff, range(FEW, size.board))
        met = report_board(product, admin, few, size)
        place_holds(staff, range(size.board, size.poll))
        return report_poll(product, staff[0], size) and met


def report_board(product: Product, admin: Person, few: httpx.Response, size: Size) -> bool:
    """Measure the board's page; ``few`` is the same page with FEW holds."""
    page = get_board(admin, size.board)
    board, empty = answer_rates(product, admin, BOARD, size)
    sys.stdout.write(
        f"the board with {size.board} live holds, one worker on one core\n"
        f"  board {board:.1f} pages/s   empty view {empty:.1f} pages/s   (medians)\n"
        f"  {len(page.content) / 1000:.1f} kB before compression"
        f"   {page.headers[HEADER]} queries a page\n"
    )
    met = [BOARD_RATE.judge(100 * board / empty)]
    met += [BOARD_SIZE.judge(len(gzip.compress(page.content, GZIP_LEVEL)) / 1000)]
    return all([*met, BOARD_QUERIES.judge(int(page.headers[HEADER]) - int(few.headers[HEADER]))])


def report_poll(product: Product, person: Person, size: Size) -> bool:
    """Measure a poll of the unchanged board."""
    count = {HEADER: "yes"}
    etag = expect(person.client.get(POLL), 200).headers["ETag"]
    poll = expect(person.client.get(POLL, headers=count | {"If-None-Match": etag}), 304)
    page = expect(person.client.get(EMPTY, headers=count), 200)
    polls, empty = answer_rates(product, person, POLL, size, etag=etag)
    sys.stdout.write(
        f"a poll without news of a board with {size.poll} live holds, one worker on one core\n"
        f"  poll {polls:.1f} answers/s   empty view {empty:.1f} pages/s   (medians)\n"
        f"  {poll.headers[HEADER]} queries a poll, {page.headers[HEADER]} of the empty view\n"
    )
    met = [POLL_RATE.judge(100 * polls / empty), POLL_HEADERS.judge(size_of_headers(poll))]
    return all([*met, POLL_BODY.judge(len(poll.content))])


def get_board(person: Person, holds: int) -> httpx.Response:
    """Return the board with so many live holds and with the number of its queries."""
    page = expect(person.client.get(BOARD, headers={HEADER: "yes"}), 200)
    if len(re.findall(r'<tr\b[^>]*\bid="h\d+"', page.text)) != holds:
        raise RuntimeError(f"the board does not show {holds} holds")
    return page


def size_of_headers(answer: httpx.Response) -> int:
    """Return the bytes on the wire, status line included, without the benchmark's own header."""
    lines = [(name, value) for name, value in answer.headers.raw if name.decode() != HEADER]
    return len(b"HTTP/1.1 304 Not Modified\r\n\r\n") + sum(
        len(name) + len(value) + 4 for name, value in lines
    )


def answer_rates(
    product: Product, person: Person, path: str, size: Size, *, etag: str = ""
) -> tuple[float, float]:
    """Return the answers per second of the path, with its ETag if given, and of the empty view."""
    port = httpx.URL(product.url).port or 80
    etags = {path: etag, EMPTY: ""}
    found: dict[str, list[float]] = {each: [] for each in etags}
    with load(port, person.cookie, core_of_product_and_others()[1]) as answers_per_second:
        for each, known in etags.items():
            answers_per_second(each, size.seconds / 2, known)  # warms up
        for turn in range(size.rounds):
            for each in sorted(etags, reverse=turn % 2 == 1):
                found[each].append(answers_per_second(each, size.seconds, etags[each]))
    return median(found[path]), median(found[EMPTY])


@contextmanager
def product_on_one_core() -> Iterator[Product]:
    """Run the product with its one worker on one core."""
    all_cores = os.sched_getaffinity(0)
    with ExitStack() as stack:
        os.sched_setaffinity(0, {core_of_product_and_others()[0]})
        try:
            product = stack.enter_context(running_product())  # its processes keep to the core
        finally:
            os.sched_setaffinity(0, all_cores)
        yield product


def core_of_product_and_others() -> tuple[int, set[int]]:
    """Return the product's core and those of the load, which is the same where there is one."""
    first, *others = sorted(os.sched_getaffinity(0))
    return first, set(others) or {first}


if __name__ == "__main__":
    sys.exit(main())
