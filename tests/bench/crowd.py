"""Two hundred people watch the board while ten place and release.

    python -m tests.bench.crowd [--people 200] [--seconds 60] [--database sqlite|postgresql]

The product under gunicorn with two workers, the sandbox and this crowd share the machine. Everybody
is signed in as somebody else and polls every five seconds with the tag of what they have, as the
page does; ten more place a hold by the form, keep it for some seconds and release it. For each hold
it is noted when its holder was told, and when each of the others first saw it and first saw it
gone. The aims: no error, and nobody's board behind by more than 6 s. The p95 of a poll is told.
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
from tests.bench.busy import fill
from tests.bench.house import FIRST, House, house, token_of
from tests.bench.report import Aim

ERRORS = Aim("errors", 0, "at most")
BEHIND = Aim("s behind, the worst of all", 6.0, "at most")
EVERY = 5.0  # seconds between polls, as in the page
KEPT = 12.0  # seconds that a hold is kept: longer than two polls
ACTORS = 10
POLL = "/board?tab=everyone"
ROW = re.compile(r'<tr id="h(\d+)"')
# Signing two hundred people in by the page would take longer than the measurement.
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
    """What was seen, in seconds of one clock."""

    placed: dict[str, float] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)  # whose release has been sent
    released: dict[str, float] = field(default_factory=dict)
    behind: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


def main() -> int:
    """Measure and print. Status 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--holds", type=int, default=50, help="that stand there all the time")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    asked = parser.parse_args()
    notes = measure(asked.people, asked.seconds, asked.holds, asked.database)
    return 0 if report(notes, asked.people) else 1


def report(notes: Notes, people: int) -> bool:
    """Print the figures; whether all aims are met."""
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
    """Open the house, let everybody in, and take notes."""
    with ExitStack() as stack:
        url = stack.enter_context(postgresql.fresh_database()) if database != "sqlite" else ""
        built = stack.enter_context(house(url, WEB_CONCURRENCY="2"))
        fill([stack.enter_context(built.person("ada", "Staff"))], range(holds))
        sessions = sign_up(built, people + ACTORS)
        return asyncio.run(crowd(built.url, sessions, seconds, holds))


def sign_up(built: House, count: int) -> list[str]:
    """So many people of the staff; the keys of their sessions."""
    said = built.manage.manage("shell", "-c", SIGN_UP.format(count=count))
    return [line.split()[1] for line in said.splitlines() if line.startswith("session ")]


async def crowd(url: str, sessions: list[str], seconds: float, holds: int) -> Notes:
    """All of them at once, for so long."""
    notes, until = Notes(), monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for number, session in enumerate(sessions):
            client = httpx.AsyncClient(base_url=url, cookies={"sessionid": session}, timeout=30)
            if number < ACTORS:
                first = holds + 100 + number * 1000
                group.create_task(_act(client, notes, until, first))
            else:
                wait = EVERY * (number - ACTORS) / len(sessions)
                group.create_task(_watch(client, notes, until, wait))
    return notes


async def _act(client: httpx.AsyncClient, notes: Notes, until: float, hour: int) -> None:
    """Place, keep, release; and again at another hour."""
    async with client:
        page = await client.get("/look-up")
        forms = {"csrfmiddlewaretoken": token_of(page)}
        await asyncio.sleep(KEPT * (hour // 1000) / ACTORS)
        while monotonic() < until - KEPT:
            hour += 1
            wish = {
                "token": str(uuid4()),
                "event_type_id": "1",
                "slot_start": (FIRST + timedelta(hours=hour)).isoformat(),
                "reservation_duration": "60",
            }
            answer = await _ask(client, notes, "/holds/new", forms | wish)
            if answer is None:
                continue
            address = answer.headers["Location"]
            pk = address.split("/")[-2]
            notes.placed[pk] = monotonic()
            await asyncio.sleep(KEPT)
            notes.leaving.add(pk)
            if await _ask(client, notes, f"{address}release", forms) is not None:
                notes.released[pk] = monotonic()


async def _ask(
    client: httpx.AsyncClient, notes: Notes, address: str, fields: dict[str, str]
) -> httpx.Response | None:
    try:
        answer = await client.post(address, data=fields)
    except httpx.TransportError as error:
        notes.errors.append(f"POST: {error!r}")
        return None
    if answer.status_code == httpx.codes.SEE_OTHER:
        return answer
    notes.errors.append(f"POST: {answer.status_code}")
    return None


async def _watch(client: httpx.AsyncClient, notes: Notes, until: float, wait: float) -> None:
    """Poll as a page does; note how far behind each change it was."""
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
                    _compare(notes, rows, shown, since, now)
                known, rows = answer.headers["ETag"], shown
            elif answer.status_code != httpx.codes.NOT_MODIFIED:
                notes.errors.append(f"poll: {answer.status_code}")
            since = began
            await asyncio.sleep(max(0.0, began + EVERY - monotonic()))


def _compare(notes: Notes, old: set[str], new: set[str], since: float, now: float) -> None:
    """What came and went on one page, and what should have and did not."""
    for told, change in ((notes.placed, new - old), (notes.released, old - new)):
        notes.behind += [now - told[pk] for pk in change if pk in told]
    missed = [pk for pk, at in notes.placed.items() if at < since and pk not in notes.leaving]
    notes.errors += [f"hold {pk} is not shown" for pk in missed if pk not in new]
    late = [pk for pk, at in notes.released.items() if at < since and pk in new]
    notes.errors += [f"hold {pk} is still shown" for pk in late]


if __name__ == "__main__":
    sys.exit(main())
