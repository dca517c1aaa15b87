"""How long the browser takes to show one changed row among many.

    python -m tests.browser.swap [--holds 500] [--rounds 15]

A full board of made-up holds polls; each answer is the whole board with one row changed. Counted is
what keeps the page busy: from the answer's text being there until the row is in the page and laid
out, with styles. Prints median and worst in milliseconds; the aim is at most 50.
"""

from __future__ import annotations

import argparse
import re
import sys
from statistics import median

from playwright.sync_api import Page, Route, sync_playwright

from tests.bench.report import Aim
from tests.browser import preview

ONE_ROW = Aim("ms for one changed row (median)", 50.0, "at most")
# The task that swaps begins with the text of the answer; layout is forced so that it counts.
WATCH = """
window.took = [];
let began;
document.addEventListener("htmx:after:request", () => { began = performance.now(); });
document.addEventListener("htmx:finally:request", () => {
  document.body.offsetHeight;
  window.took.push(performance.now() - began);
});
"""
REFRESH = "htmx.trigger('#board', 'refresh', {}, false)"


def main() -> int:
    """Measure and print. Status 1 where the aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--holds", type=int, choices=[200, 500], default=500)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    return 0 if report(options.holds, options.rounds) else 1


def report(holds: int = 500, rounds: int = 15) -> bool:
    """Print the figures; whether the aim is met."""
    took = measure(holds, rounds)
    sys.stdout.write(f"one changed row among {holds}: worst {max(took):.1f} ms\n")
    return ONE_ROW.judge(median(took))


def measure(holds: int, rounds: int) -> list[float]:
    """Milliseconds of each round; the first three are for warming up."""
    with preview.serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=preview.CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking"],
        )
        page = browser.new_page(base_url=address, viewport={"width": 1440, "height": 900})
        source = page.goto(f"/board-{holds}").text()  # type: ignore[union-attr]
        page.evaluate(WATCH)
        for number in range(rounds + 3):
            change_one(page, source, number)
        took = [float(one) for one in page.evaluate("window.took")]
        browser.close()
    return took[3:]


def change_one(page: Page, source: str, number: int) -> None:
    """One poll, waited for until the page shows the change."""
    client = f"Client of round {number}"
    answer = changed(source, client)

    def give(route: Route) -> None:
        route.fulfill(status=200, body=answer, content_type="text/html; charset=utf-8")

    page.route("**/rows\\?*", give)
    page.evaluate(REFRESH)
    page.get_by_text(client, exact=True).wait_for()
    page.unroute("**/rows\\?*")


def changed(source: str, client: str) -> str:
    """The board of the page with another client in one row, and so with another face."""
    board = re.search(r'<section id="board".*</section>', source, re.DOTALL)
    rows = board[0].split("<tr id=") if board else []
    at = len(rows) // 2
    row = re.sub(r'data-face="[^"]*"', f'data-face="{client}"', rows[at], count=1)
    row = re.sub(r'<td class="client">[^<]*', f'<td class="client">{client}', row, count=1)
    return "<tr id=".join([*rows[:at], row, *rows[at + 1 :]])


if __name__ == "__main__":
    sys.exit(main())
