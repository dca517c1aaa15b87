"""Let two hundred people watch the board while ten place and release holds.

    python -m tests.bench.crowd [--people 200] [--seconds 60] [--holds 50]
                                [--database sqlite|postgresql]

The product under gunicorn with two workers, the sandbox and the crowd share the machine. Each
person has their own sign-in and polls every five seconds with the ETag of what they have, as the
page does. Ten more place a hold by the form, keep it for some seconds and release it. The crowd
notes when the holder had the answer, and when each watcher first saw the hold and first saw it
gone. The aims: no error, and no board more than 6 s behind. Status 1 if one is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median, quantiles
from time import monotonic
from uuid import uuid4

import httpx

from tests import postgresql
from tests.bench.aims import Aim
from tests.bench.product import FIRST_SLOT, Product, place_holds, running_product, token_of

ERRORS = Aim("errors", 0, "at most")
BEHIND = Aim("s behind at most", 6.0, "at most")
POLL_SECONDS = 5.0  # seconds between polls, as in the page
KEPT_SECONDS = 12.0  # that a hold is kept: longer than two polls
ACTORS = 10
POLL = "/board?tab=everyone"
ROW = re.compile(r'<tr\b[^>]*\bid="h(\d+)"')
# By the page, two hundred sign-ins would take longer than the measurement.
SIGN_UP = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group
from dashboard.accounts.models import User
store = import_module(settings.SESSION_ENGINE).SessionStore
for number in range({count}):
    user = User.objects.create_user(f"person-{{number}}")
    user.groups.add(Group.objects.get(name="Staff"))
    session = store()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    print("session", session.session_key)
"""


@dataclass
class Notes:
    """Observations, in seconds of one clock."""

    placed: dict[str, float] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)  # whose release has been sent
    released: dict[str, float] = field(default_factory=dict)
    behind: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


def main() -> int:
    """Measure and print; return 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--holds", type=int, default=50, help="that are there all the time")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    asked = parser.parse_args()
    if asked.seconds <= 2 * KEPT_SECONDS:
        parser.error(f"--seconds must be more than {2 * KEPT_SECONDS:g}, twice as long as a hold")
    notes = measure(asked.people, asked.seconds, asked.holds, asked.database)
    return 0 if report(notes, asked.people) else 1


def report(notes: Notes, people: int) -> bool:
    """Print the figures; return whether both aims are met."""
    milliseconds = sorted(1e3 * poll for poll in notes.polls)
    sys.stdout.write(
        f"{people} people poll, {len(notes.placed)} holds placed, {len(notes.released)} released\n"
        f"  {len(notes.polls)} polls: {dict(sorted(notes.statuses.items()))}"
        f"   median {median(milliseconds):.0f} ms"
        f"   p95 {quantiles(milliseconds, n=20)[-1]:.0f} ms   worst {milliseconds[-1]:.0f} ms\n"
        f"  {len(notes.behind)} changes seen, {median(notes.behind):.2f} s behind (median)\n"
    )
    for error in sorted(set(notes.errors))[:5]:
        sys.stdout.write(f"  {error}\n")
    return ERRORS.judge(len(notes.errors)) & BEHIND.judge(max(notes.behind))


def measure(people: int, seconds: float, holds: int, database: str) -> Notes:
    """Start the product, sign everyone in, and take notes."""
    with ExitStack() as stack:
        url = ""
        if database == "postgresql":
            url = stack.enter_context(postgresql.fresh_database(durable=True))
        product = stack.enter_context(running_product(url, WEB_CONCURRENCY="2"))
        place_holds([stack.enter_context(product.person("ada", "Staff"))], range(holds))
        sessions = sign_up(product, people + ACTORS)
        return asyncio.run(crowd(product.url, sessions, seconds, holds))


def sign_up(product: Product, count: int) -> list[str]:
    """Add so many staff; return the keys of their sessions."""
    output = product.site.manage("shell", "-c", SIGN_UP.format(count=count))
    return [line.split()[1] for line in output.splitlines() if line.startswith("session ")]


async def crowd(url: str, sessions: list[str], seconds: float, holds: int) -> Notes:
    """Let all act and watch at once for so many seconds."""
    notes, until = Notes(), monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for number, session in enumerate(sessions):
            cookies = {"holdfast_session": session}
            client = httpx.AsyncClient(base_url=url, cookies=cookies, timeout=30)
            if number < ACTORS:
                first = holds + 100 + number * 1000
                group.create_task(act(client, notes, until, first))
            else:
                wait = POLL_SECONDS * (number - ACTORS) / len(sessions)
                group.create_task(watch(client, notes, until, wait))
    return notes


async def act(client: httpx.AsyncClient, notes: Notes, until: float, hour: int) -> None:
    """Place, keep and release a hold, again and again, each at another hour."""
    async with client:
        page = await client.get("/look-up")
        token = {"csrfmiddlewaretoken": token_of(page)}
        await asyncio.sleep(KEPT_SECONDS * (hour // 1000) / ACTORS)
        while monotonic() < until - KEPT_SECONDS:
            hour += 1
            fields = {
                "token": str(uuid4()),
                "event_type_id": "1",
                "slot_start": (FIRST_SLOT + timedelta(hours=hour)).isoformat(),
                "reservation_duration": "60",
            }
            answer = await send_form(client, notes, "/holds/new", token | fields)
            if answer is None:
                continue
            address = answer.headers["Location"]
            pk = address.split("/")[-2]
            notes.placed[pk] = monotonic()
            await asyncio.sleep(KEPT_SECONDS)
            notes.leaving.add(pk)
            if await send_form(client, notes, f"{address}release", token) is not None:
                notes.released[pk] = monotonic()


async def send_form(
    client: httpx.AsyncClient, notes: Notes, address: str, fields: dict[str, str]
) -> httpx.Response | None:
    """Return the redirect after the form; note anything else as an error."""
    try:
        answer = await client.post(address, data=fields)
    except httpx.TransportError as error:
        notes.errors.append(f"POST: {error!r}")
        return None
    if answer.status_code == httpx.codes.SEE_OTHER:
        return answer
    notes.errors.append(f"POST: {answer.status_code}")
    return None


async def watch(client: httpx.AsyncClient, notes: Notes, until: float, wait: float) -> None:
    """Poll as the page does; note how far behind each change it was."""
    known, rows, since = "", set[str](), 0.0
    async with client:
        await asyncio.sleep(wait)
        while monotonic() < until:
            began = monotonic()
            try:
                headers = {"If-None-Match": known} if known else {}
                answer = await client.get(POLL, headers=headers)
            except httpx.TransportError as error:
                notes.errors.append(f"poll: {error!r}")
                continue
            now = monotonic()
            notes.polls.append(now - began)
            notes.statuses[answer.status_code] += 1
            if answer.status_code == httpx.codes.OK:
                shown = set(ROW.findall(answer.text))
                if known:
                    compare(notes, rows, shown, since, now)
                known, rows = answer.headers["ETag"], shown
            elif answer.status_code != httpx.codes.NOT_MODIFIED:
                notes.errors.append(f"poll: {answer.status_code}")
            since = began
            await asyncio.sleep(max(0.0, began + POLL_SECONDS - monotonic()))


def compare(notes: Notes, old: set[str], new: set[str], since: float, now: float) -> None:
    """Note what came and went on one board, and what should have and did not."""
    for times, change in ((notes.placed, new - old), (notes.released, old - new)):
        notes.behind += [now - times[pk] for pk in change if pk in times]
    missed = [pk for pk, at in notes.placed.items() if at < since and pk not in notes.leaving]
    notes.errors += [f"hold {pk} is not shown" for pk in missed if pk not in new]
    late = [pk for pk, at in notes.released.items() if at < since and pk in new]
    notes.errors += [f"hold {pk} is still shown" for pk in late]


if __name__ == "__main__":
    sys.exit(main())
