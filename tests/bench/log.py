"""Measure the audit log with many entries, beside one with few of the same kind.

    python -m tests.bench.log [--entries 1000000] [--database sqlite|postgresql|both]
                              [--folder FOLDER] [--rounds 5] [--only generate|pages|work]

Generates the logs in the folder, and finds them there the next time. Prints the median of each page
of both logs, their ratio, and how much faster it is than Django admin's changelist of the same
table; then what an entry costs, export and verification. Status 1 if an aim is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path

import django

from tests import postgresql, serving
from tests.bench import log_database
from tests.bench.aims import Aim
from tests.bench.log_figures import ADMIN, Figures

FEW = 10_000  # entries of the log that the other is compared with
CHILD = "--child"
COMMAND = [sys.executable, "-m", "tests.bench.log", CHILD]
EXPORTED = (100_000, 5_000_000)  # rows

RATIO = Aim("x the time with few entries", 1.5, "at most")
FACTOR = Aim("x faster than admin's changelist", 50, "at least")
WRITTEN = Aim("x the plain insert", 1.5, "at most")
LOST = Aim("entries lost by 8 writers", 0, "at most")
VERIFIED = Aim("entries verified per second", 100_000, "at least")
ROWS = Aim("rows exported per second", 50_000, "at least")
MEMORY = Aim("MiB above idle", 50, "at most")


def main() -> int:
    """Measure and print; return 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/holdfast-log"))
    parser.add_argument("--rounds", type=int, default=5, help="of each page")
    parser.add_argument("--only", choices=["generate", "pages", "work"])
    options = parser.parse_args()
    both = ("sqlite", "postgresql")
    vendors = both if options.database == "both" else (options.database,)
    met = [report(vendor, options) for vendor in vendors]
    return 0 if all(met) else 1


def report(vendor: str, options: argparse.Namespace) -> bool:
    """Generate and measure the logs of one database."""
    folder = options.folder / vendor
    folder.mkdir(parents=True, exist_ok=True)
    is_server = vendor == "postgresql"
    if is_server and postgresql.binaries() is None:
        sys.stdout.write("PostgreSQL: not on this machine\n")
        return True
    met = []
    with log_database.server(folder) if is_server else nullcontext("") as address:
        urls = {
            size: log_database.url_of(vendor, folder, size, address)
            for size in (FEW, options.entries)
        }
        for size, url in urls.items():
            in_product(url, "load", size)
        if options.only in (None, "pages"):
            sys.stdout.write(f"pages of the log on {vendor}, {options.entries} entries, ms\n")
            met.append(judge_pages(dict(pages_in_turns(list(urls.values()), options.rounds))))
        if options.only in (None, "work"):
            met.append(judge_work(vendor, options.entries, urls[options.entries]))
    return all(met)


def judge_pages(pages: dict[str, list[Figures]]) -> bool:
    """Print the times of all pages in both logs, and judge the worst ratio and factor.

    The ratio is judged where both logs show as many lines: to make lines takes most of the time.
    """
    ratios, factors = [], []
    for name, (few, many) in pages.items():
        if name.startswith(ADMIN):
            continue
        ratio = many.milliseconds / few.milliseconds
        sys.stdout.write(
            f"  {name:<20} {many.milliseconds:7.1f}  with {FEW} {few.milliseconds:7.1f}"
        )
        sys.stdout.write(f"  ratio {ratio:5.2f}")
        if many.lines == few.lines:
            ratios.append(ratio)
        else:
            sys.stdout.write(f" ({few.lines} lines instead of {many.lines})")
        if admins := pages.get(ADMIN + name):
            factors.append(admins[1].milliseconds / many.milliseconds)
            sys.stdout.write(f"  admin {admins[1].milliseconds:8.1f}  factor {factors[-1]:6.1f}")
        sys.stdout.write("\n")
    return all([RATIO.judge(max(ratios)), FACTOR.judge(min(factors))])


def pages_in_turns(urls: list[str], rounds: int) -> Iterator[tuple[str, list[Figures]]]:
    """Yield each page with its figures in each log; the logs take turns, page by page."""
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    [*COMMAND, "pages", str(rounds)],
                    env=environment(url),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for url in urls
        ]
        while True:
            found = []
            for child in children:
                assert child.stdin is not None
                assert child.stdout is not None
                child.stdin.write("\n")
                child.stdin.flush()
                if not (line := child.stdout.readline()):
                    return
                found.append(Figures(*json.loads(line)))
            yield found[0].name, found


def judge_work(vendor: str, entries: int, url: str) -> bool:
    """Print and judge writing, export and verification."""
    sys.stdout.write(f"work on the log on {vendor}, {entries} entries\n")
    written = in_product(url, "write", 300)
    sys.stdout.write(
        f"  plain insert {written['plain']:.2f} ms   entry {written['whole']:.2f} ms\n"
    )
    met = [WRITTEN.judge(written["whole"] / written["plain"]), LOST.judge(written["lost"])]
    for rows in EXPORTED:
        for name in ("jsonl", "csv") if rows <= entries else ():
            sys.stdout.write(f"  {rows} rows as {name}\n")
            rate, memory = in_product(url, name, rows).values()
            met += [ROWS.judge(rate), MEMORY.judge(memory)]
    return all([*met, VERIFIED.judge(in_product(url, "verify", 0)["rate"])])


def in_product(url: str, what: str, number: int) -> dict[str, float]:
    """Do one thing in a process with the product's settings and this database."""
    command = [*COMMAND, what, str(number)]
    done = subprocess.run(
        command, env=environment(url), check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, float] = json.loads(done.stdout or "{}")
    return found


def environment(url: str) -> dict[str, str]:
    return serving.environment(
        public_url="http://127.0.0.1",
        database_url=url,
        DJANGO_SETTINGS_MODULE="tests.bench.settings",
    )


def child(what: str, number: int) -> dict[str, float]:
    """Do one thing; return its figures."""
    django.setup()
    from tests.bench import log_pages, log_work  # noqa: PLC0415 after the set-up

    if what == "load":
        log_database.load(number)
    elif what == "pages":
        for _turn, figures in zip(sys.stdin, log_pages.times(number), strict=False):
            sys.stdout.write(f"{json.dumps(figures)}\n")
            sys.stdout.flush()
    elif what == "write":
        return log_work.write_times(number) | {"lost": log_work.lost_by_writers()}
    elif what == "verify":
        return {"rate": log_work.verified_per_second()}
    else:
        rate, memory = log_work.exported(what, number)
        return {"rate": rate, "memory": memory}
    return {}


if __name__ == "__main__":
    if sys.argv[1:2] == [CHILD]:
        found = child(sys.argv[2], int(sys.argv[3]))
        if found:
            json.dump(found, sys.stdout)
    else:
        sys.exit(main())
