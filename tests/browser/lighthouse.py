"""Lighthouse scores of sign-in, board, place and hold, on a phone and on a desktop.

    python -m tests.browser.lighthouse [--program lighthouse] [--page NAME] [--rounds 3]

Lighthouse is no dependency: ``npm install lighthouse`` in a folder of its own, and its program on
the PATH, in the variable LIGHTHOUSE or after ``--program``. The product is served as operators run
it, over loopback; Chromium has the cookies of a member of staff. Prints the median score of the
rounds, with what cost points in the last of them; the aim is 100 everywhere.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from tests.bench.aims import Aim
from tests.bench.product import Person, Product, place_holds, running_product
from tests.browser.user import ARGUMENTS
from tests.parts import program

SCORE = Aim("the lowest score of all", 100, "at least")
CATEGORIES = ("accessibility", "best-practices", "performance")
PRESETS = {"phone": (), "desktop": ("--preset=desktop",)}
HOLDS = 200
TRIES = 3
PAGES = {  # by name: path, number of live holds, and whether a person is signed in
    "sign-in": ("/accounts/login/", 0, False),
    "board-empty": ("/", 0, True),
    "place": ("/holds/new", 0, True),
    "board": ("/?tab=everyone", HOLDS, True),
    "hold": ("/holds/1/", HOLDS, True),
}
NEEDED = "Lighthouse is not on this machine: npm install lighthouse, and say where with --program."


@dataclass(frozen=True)
class Lighthouse:
    """Program, and the port of the browser that it drives."""

    program: str
    port: int

    def ask(self, url: str, preset: str) -> dict[str, Any]:
        """Return the report of one run over one page.

        On a busy machine it fails now and then and asks to be run again. Raises RuntimeError with
        its last complaint.
        """
        options = ["--quiet", "--output=json", f"--port={self.port}", *PRESETS[preset]]
        options += [f"--only-categories={','.join(CATEGORIES)}"]
        for _ in range(TRIES):
            done = subprocess.run(
                [self.program, url, *options], capture_output=True, text=True, check=False
            )
            if not done.returncode:
                return dict(json.loads(done.stdout))
        raise RuntimeError(f"{url}: {done.stderr}")


def main() -> int:
    """Measure and print. Status 1 where the aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--program", default=os.environ.get("LIGHTHOUSE") or program("lighthouse"))
    parser.add_argument("--page", action="append", choices=PAGES, help="only this one")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    if not asked.program:
        parser.error(NEEDED)
    scores = list(measure(asked.program, asked.page or list(PAGES), asked.rounds))
    return 0 if SCORE.judge(min(scores)) else 1


def measure(lighthouse: str, names: list[str], rounds: int) -> Iterator[int]:
    """Yield every score of every page, and print each as it comes."""
    with ExitStack() as stack:
        built = stack.enter_context(running_product())
        staff = [stack.enter_context(built.person(name, "Staff")) for name in ("ada", "bo")]
        context, port = stack.enter_context(chromium())
        filled = 0
        for name in names:
            path, holds, signed_in = PAGES[name]
            place_holds(staff, range(filled, holds))
            filled = max(filled, holds)
            set_cookies(context, built, staff[0] if signed_in else None)
            for preset in PRESETS:
                asking = Lighthouse(lighthouse, port)
                reports = [asking.ask(built.url + path, preset) for _ in range(rounds)]
                yield from print_scores(f"{name}, {preset}", reports)


@contextmanager
def chromium() -> Iterator[tuple[BrowserContext, int]]:
    """Run a browser without cookies; give its port for other programs too."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with TemporaryDirectory(prefix="holdfast-lighthouse-") as folder, sync_playwright() as opened:
        context = opened.chromium.launch_persistent_context(
            Path(folder),
            executable_path=program("chromium"),
            args=[*ARGUMENTS, "--disable-quic", f"--remote-debugging-port={port}"],
        )
        yield context, port
        context.close()


def set_cookies(context: BrowserContext, built: Product, person: Person | None) -> None:
    """Give the browser the cookies of this person only."""
    context.clear_cookies()
    for name, value in person.client.cookies.items() if person else ():
        context.add_cookies([{"name": name, "value": value, "url": built.url}])


def print_scores(what: str, reports: list[dict[str, Any]]) -> Iterator[int]:
    """Yield the scores, and print them with the audits that cost points in the last report."""
    scores = {
        name: median_low([score_of(report, name) for report in reports]) for name in CATEGORIES
    }
    shown = "   ".join(f"{name} {score}" for name, score in scores.items())
    sys.stdout.write(f"{what:<20} {shown}\n")
    last = reports[-1]
    for name in CATEGORIES:
        for reference in last["categories"][name]["auditRefs"]:
            audit = last["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
                said = audit.get("displayValue") or audit["title"]
                sys.stdout.write(f"  {audit['id']}: {said}\n")
    yield from scores.values()


def score_of(report: dict[str, Any], category: str) -> int:
    """Return the score in points; 0 where Lighthouse could not tell."""
    return round(100 * (report["categories"][category]["score"] or 0))


if __name__ == "__main__":
    sys.exit(main())
