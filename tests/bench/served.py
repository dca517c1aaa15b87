"""Measure the product as it is deployed: ``manage.py serve`` and nginx with TLS.

    python -m tests.bench.served [--seconds 5] [--requests 30000] [--holds 50] [--only memory]

A third of the requests measures memory, all of them the kills. Needs nginx and wrk. Two workers;
proxy, server, sandbox and load share the machine. The bare server and the one behind nginx take
turns, so that other work on the machine slows both. Status 1 if an aim is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import django
import httpx

from tests import serving
from tests.bench import killed
from tests.bench.aims import Aim
from tests.bench.product import Product, place_holds, running_product
from tests.edge import nginx
from tests.management.processes import workers

BEHIND_NGINX = ["rates", "latencies", "memory"]
PARTS = [*BEHIND_NGINX, "start", "killed"]
EMPTY, BOARD, POLL = "/empty", "/", "/board?tab=everyone"
BEHIND = Aim("% of the bare server's empty pages", 70.0, "at least")
ERRORS = Aim("errors at 512 connections", 0, "at most")
START = Aim("s from the command to an answer", 2.0, "at most")
MEMORY = Aim("MiB, the largest worker", 90.0, "at most")
GROWTH = Aim("MiB more than after a fifth of them", 2.0, "at most")
WRK_REPORT = """
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Rate:
    """Result of wrk: answers per second, errors, and milliseconds of half, 95 % and 99 %."""

    per_second: float
    errors: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Desk:
    """The product with nginx in front; ``headers`` are those of a signed-in person."""

    product: Product
    proxied: str
    headers: dict[str, str]

    def load(self, base: str, path: str, connections: int, seconds: float, etag: str = "") -> Rate:
        """Ask for the path over so many connections."""
        headers = self.headers | ({"If-None-Match": etag} if etag else {})
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
        command += ["--timeout", "30s", "-s", "/dev/stdin"]
        for name, value in headers.items():
            command += ["-H", f"{name}: {value}"]
        done = subprocess.run(
            [*command, base + path], input=WRK_REPORT, capture_output=True, text=True, check=True
        )
        [line] = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
        requests, microseconds, errors, *percentiles = map(int, line.split()[1:])
        return Rate(1e6 * requests / microseconds, errors, *(each / 1e3 for each in percentiles))


def main() -> int:
    """Measure and print; return 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--requests", type=int, default=30_000, help="while workers are killed")
    parser.add_argument("--holds", type=int, default=50, help="on the board")
    parser.add_argument("--only", choices=PARTS, help="one part, instead of all")
    asked = parser.parse_args()
    parts = [asked.only] if asked.only else PARTS
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: apt-get install wrk")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()  # the configuration of nginx is a template
    with desk_behind_nginx(asked.holds) if {*parts} & {*BEHIND_NGINX} else nullcontext() as desk:
        reports: dict[str, Callable[[Desk], bool]] = {
            "rates": lambda desk: report_rates(desk, asked.seconds),
            "latencies": lambda desk: report_latencies(desk, asked.seconds),
            "memory": lambda desk: report_memory(desk, asked.requests // 3),
        }
        met = [reports[part](desk) for part in BEHIND_NGINX if desk and part in parts]
    met += [report_start()] if "start" in parts else []
    met += [killed.report(asked.requests)] if "killed" in parts else []
    return 0 if all(met) else 1


@contextmanager
def desk_behind_nginx(holds: int) -> Iterator[Desk]:
    """Run the product with so many holds, with nginx in front."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="holdfast-bench-nginx-")))
        ports = nginx.two_ports()
        public = {"PUBLIC_URL": f"https://{nginx.NAME}:{ports.tls}", "TRUSTED_PROXIES": "127.0.0.1"}
        serve = serving.serving_with_settle
        product = stack.enter_context(running_product(serve=serve, WEB_CONCURRENCY="2", **public))
        stack.enter_context(nginx.running("", product.url, ports, folder))
        way = {"base_url": public["PUBLIC_URL"], "headers": {"Origin": public["PUBLIC_URL"]}}
        transport = nginx.LoopbackTransport(folder, "127.0.0.1")
        ada = stack.enter_context(product.person("ada", "Staff", transport=transport, **way))
        place_holds([ada], range(holds))
        headers = {"Host": f"{nginx.NAME}:{ports.tls}", "Cookie": ada.cookie}
        headers["Accept-Encoding"] = "gzip"
        yield Desk(product, f"https://127.0.0.1:{ports.tls}", headers)


def report_rates(desk: Desk, seconds: float) -> bool:
    """Let nginx and the bare server take turns on the empty page."""
    rates: dict[str, list[float]] = {desk.product.url: [], desk.proxied: []}
    for turn in range(6):
        for base in sorted(rates, reverse=turn % 2 == 1):
            rates[base].append(desk.load(base, EMPTY, 16, seconds).per_second)
    bare, behind = (median(found[1:]) for found in rates.values())  # the first warms up
    sys.stdout.write(
        f"an empty page: bare {bare:.0f}/s   nginx with TLS {behind:.0f}/s (medians)\n"
    )
    return BEHIND.judge(100 * behind / bare)


def report_latencies(desk: Desk, seconds: float) -> bool:
    """Print the milliseconds of board and poll behind nginx; 512 connections must not fail."""
    with httpx.Client(base_url=desk.product.url, headers=desk.headers) as client:
        etag = client.get(POLL).headers["ETag"]
    for name, path, known in (("304 poll", POLL, etag), ("full board", BOARD, "")):
        for connections in (1, 16, 128):
            rate = desk.load(desk.proxied, path, connections, seconds, known)
            sys.stdout.write(
                f"{name:<10} {connections:>3} connections {rate.per_second:7.0f}/s   p50"
                f" {rate.p50:.1f}   p95 {rate.p95:.1f}   p99 {rate.p99:.1f} ms"
                f"   {rate.errors} errors\n"
            )
    return ERRORS.judge(desk.load(desk.proxied, POLL, 512, seconds, etag).errors)


def report_memory(desk: Desk, requests: int) -> bool:
    """Load full boards and compare the resident memory of the workers."""
    resident = []
    for goal in (requests // 5, requests - requests // 5):
        served = 0.0
        while served < goal:
            served += 2 * desk.load(desk.product.url, BOARD, 16, 2).per_second
        pids = workers(desk.product.site.process.pid)
        resident.append(max(map(killed.resident_mib, pids)))
    sys.stdout.write(f"memory after {requests} boards\n")
    return MEMORY.judge(resident[1]) & GROWTH.judge(resident[1] - resident[0])


def report_start() -> bool:
    """Take the best of three starts of ``manage.py serve`` on a database that is ready."""
    seconds = []
    with TemporaryDirectory(prefix="holdfast-bench-start-") as name:
        variables = serving.environment(
            public_url="http://127.0.0.1", database_url=f"{name}/db.sqlite3"
        )
        serving.manage(variables, "migrate")
        for _ in range(3):
            began = perf_counter()
            with serving.serving_with_settle(variables, Path(name)):
                seconds.append(perf_counter() - began)
    return START.judge(min(seconds))


if __name__ == "__main__":
    sys.exit(main())
