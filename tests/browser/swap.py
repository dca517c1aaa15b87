"""Measure how long the browser takes to show one changed row among many.

    python -m tests.browser.swap [--holds 500] [--rounds 15]

A full board polls; each answer is the whole board with one row changed. Measured is what keeps the
page busy: from the moment the answer's text has arrived until the row is in the page and laid out,
with styles. Prints median and worst in milliseconds; the aim is at most 50.
"""

from __future__ import annotations

import argparse
import re
import sys
from contextlib import ExitStack
from statistics import median

from playwright.sync_api import Page, Route

from tests.bench.aims import Aim
from tests.bench.product import Person, Product, place_holds, running_product
from tests.browser.user import DESKTOP, chromium_running

ONE_ROW = Aim("ms for one changed row (median)", 50.0, "at most")
# The task that swaps begins with the text of the answer; layout is forced so that it counts.
WATCH = """
window.durations = [];
let began;
document.addEventListener("htmx:after:request", () => { began = performance.now(); });
document.addEventListener("htmx:finally:request", () => {
  document.body.offsetHeight;
  window.durations.push(performance.now() - began);
});
"""
REFRESH = "htmx.trigger('#board', 'refresh', {}, false)"
POLL = "**/board\\?*"


def main() -> int:
    """Measure and print. Status 1 where the aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--holds", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    return 0 if report(options.holds, options.rounds) else 1


def report(holds: int = 500, rounds: int = 15) -> bool:
    """Print the figures; return whether the aim is met."""
    durations = measure(holds, rounds)
    sys.stdout.write(f"one changed row among {holds}: worst {max(durations):.1f} ms\n")
    return ONE_ROW.judge(median(durations))


def measure(holds: int, rounds: int) -> list[float]:
    """Return the milliseconds of each round; the first three are for warming up."""
    with ExitStack() as stack:
        built = stack.enter_context(running_product())
        staff = [stack.enter_context(built.person(name, "Staff")) for name in ("ada", "bo")]
        place_holds(staff, range(holds))
        page = open_board(stack, built, staff[0])
        source = page.request.get("/").text()
        page.evaluate(WATCH)
        for number in range(rounds + 3):
            change_one(page, source, number)
        return [float(one) for one in page.evaluate("window.durations")][3:]


def open_board(stack: ExitStack, built: Product, person: Person) -> Page:
    """Open the board as this person."""
    browser = stack.enter_context(chromium_running())
    context = browser.new_context(base_url=built.url, viewport=DESKTOP)  # type: ignore[arg-type]
    for name, value in person.client.cookies.items():
        context.add_cookies([{"name": name, "value": value, "url": built.url}])
    page = context.new_page()
    page.goto("/")
    return page


def change_one(page: Page, source: str, number: int) -> None:
    """Poll once, and wait until the page shows the change."""
    client = f"Noether {number}"
    answer = changed(source, client)

    def give(route: Route) -> None:
        route.fulfill(status=200, body=answer, content_type="text/html; charset=utf-8")

    page.route(POLL, give)
    page.evaluate(REFRESH)
    page.locator("td.client", has_text=client).wait_for()
    page.unroute(POLL)


def changed(source: str, client: str) -> str:
    """Return the board of the page with another client, and so another version, in one row."""
    board = re.search(r'<section id="board".*</section>', source, re.DOTALL)
    rows = board[0].split("<tr id=") if board else []
    at = len(rows) // 2
    row = re.sub(r'data-version="[^"]*"', f'data-version="{client}"', rows[at], count=1)
    row = re.sub(
        r'<td class="client" translate="no">[^<]*',
        f'<td class="client" translate="no">{client}',
        row,
        count=1,
    )
    return "<tr id=".join([*rows[:at], row, *rows[at + 1 :]])


if __name__ == "__main__":
    sys.exit(main())
