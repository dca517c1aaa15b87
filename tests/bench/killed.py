"""Kill workers at random under load; nothing may be lost but what they were doing.

    python -m tests.bench.killed [--requests 30000]

Eight threads ask ``manage.py serve`` for polls and boards and place holds, each on a connection of
its own as nginx makes them. A failed request must overlap a kill. At the end, every hold that was
answered, and every reservation at cal.com, must be in the register, and its placing in the audit
log. Status 1 if an aim is missed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from urllib.parse import urlencode, urlsplit

from dashboard.sandbox import Sandbox, demo_world
from tests import serving
from tests.bench.aims import Aim
from tests.bench.product import API_KEY, FIRST_SLOT, Person, Product
from tests.management.processes import workers

LOST = Aim("lost requests that no kill explains", 0, "at most")
MISSING = Aim("holds missing in register or audit log", 0, "at most")
THREADS = 8
PAUSE = (0.5, 2.0)  # seconds between kills
SLACK = 0.1  # seconds between a kill and what this process notes of it
REGISTER = """
import json
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold
placed = AuditEntry.objects.filter(action="place", kind="intent").values_list("hold_id", flat=True)
done = AuditEntry.objects.filter(action="place", outcome="ok").values_list("hold_id", flat=True)
starts = [[hold.pk, hold.slot_start.isoformat()] for hold in Hold.objects.all()]
print(json.dumps({"starts": starts, "placed": list(placed), "done": list(done)}))
"""


@dataclass
class Notes:
    """Observations; moments are in seconds of one clock."""

    kills: list[float] = field(default_factory=list)
    failures: list[tuple[float, float]] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    placed: list[int] = field(default_factory=list)  # numbers of the holds that were answered

    def unexplained(self) -> int:
        """Return the number of failed requests during which no worker was killed."""
        return sum(
            not any(began - SLACK <= kill <= ended + SLACK for kill in self.kills)
            for began, ended in self.failures
        )


def main() -> int:
    """Measure and print; return 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=30_000)
    return 0 if report(parser.parse_args().requests) else 1


def report(requests: int) -> bool:
    """Measure and print; return whether both aims are met."""
    notes = Notes()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="holdfast-bench-killed-")))
        calcom = stack.enter_context(Sandbox(demo_world(datetime.now(UTC).date())))
        variables = serving.environment(
            public_url="http://127.0.0.1",
            database_url=str(folder / "db.sqlite3"),
            CALCOM_API_URL=calcom.url,
            CALCOM_API_KEY=API_KEY,
            WEB_CONCURRENCY="2",
        )
        serving.manage(variables, "migrate")
        site = stack.enter_context(serving.serving_with_settle(variables, folder))
        person = stack.enter_context(Product(site, calcom.url).person("ada", "Staff"))
        ask_while_killing(site, person, notes, requests)
        register = json.loads(site.manage("shell", "--no-imports", "-c", REGISTER))
        upstream = {row.start for row in calcom.live_rows()}
    starts = {datetime.fromisoformat(start) for _pk, start in register["starts"]}
    missing = {*notes.placed} - {*register["done"]}
    missing |= {pk for pk, _start in register["starts"]} - {*register["placed"]}
    sys.stdout.write(
        f"{requests} requests, {len(notes.kills)} kills: {len(notes.failures)} in flight were lost;"
        f" {len(notes.placed)} holds placed, {len(register['starts'])} in the register\n"
        f"  statuses {sorted(notes.statuses)}\n"
    )
    met = LOST.judge(notes.unexplained()) & MISSING.judge(len(missing) + len(upstream - starts))
    return met and notes.statuses <= {200, 303}


def ask_while_killing(site: serving.Site, person: Person, notes: Notes, requests: int) -> None:
    """Send all requests from several threads while another one kills workers."""
    done = threading.Event()
    killer = threading.Thread(target=kill_now_and_then, args=(site, notes, done))
    killer.start()
    numbers = count()
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(requests):
            pool.submit(ask, site, person, notes, next(numbers))
    done.set()
    killer.join()


def kill_now_and_then(site: serving.Site, notes: Notes, done: threading.Event) -> None:
    """Kill a worker at random moments."""
    while not done.wait(random.uniform(*PAUSE)):
        if pids := workers(site.process.pid):
            notes.kills.append(monotonic())
            os.kill(random.choice(pids), signal.SIGKILL)


def ask(site: serving.Site, person: Person, notes: Notes, number: int) -> None:
    """Place a hold with each hundredth request, look at the board with each tenth, else poll."""
    headers = {"Cookie": person.cookie, "Connection": "close"}
    method, path, body = "GET", "/board?tab=everyone", ""
    if number % 100 == 0:
        method, path = "POST", "/holds/new"
        body = urlencode(person.place_form(FIRST_SLOT + timedelta(hours=number // 100)))
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif number % 10 == 0:
        path = "/"
    began = monotonic()
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        notes.failures.append((began, monotonic()))
    else:
        notes.statuses.add(answer.status)
        if found := re.search(r"/holds/(\d+)/$", answer.headers.get("Location", "")):
            notes.placed.append(int(found[1]))
    finally:
        connection.close()


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)[1]) / 1024  # type: ignore[index]


if __name__ == "__main__":
    sys.exit(main())
