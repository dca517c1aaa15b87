"""The whole product for people with browsers: gunicorn, a database and a cal.com, each for real.

The server is another process: Django refuses its database to a thread that playwright is on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from dashboard.accounts.groups import ADMINS, STAFF
from dashboard.sandbox import Sandbox
from tests.edge.conftest import starter
from tests.sandbox.replay import world
from tests.serving import Site

PASSWORD = "correct horse 9"
PEOPLE = {"ada": STAFF, "grace": STAFF, "vera": ADMINS}
ZONE = ZoneInfo("Europe/Rome")  # the office's, as tests.serving sets it


@dataclass
class Office:
    """Three people, one register and one cal.com, which a whole module shares."""

    url: str
    calcom: Sandbox
    site: Site
    _days: Iterator[int] = field(default_factory=lambda: itertools.count(14))

    def free_time(self) -> datetime:
        """A time that nobody has asked for: five in the afternoon of another day, each time."""
        day = datetime.now(ZONE).date() + timedelta(days=next(self._days))
        return datetime.combine(day, time(17), ZONE)

    def uids(self) -> list[str]:
        """What no page may ever show."""
        return [row.uid for row in self.calcom.rows()]

    def starts(self) -> list[datetime]:
        """When the reservations that cal.com has begin."""
        return sorted(row.start for row in self.calcom.live_rows())


@contextmanager
def opened(folder: Path) -> Iterator[Office]:
    """Everything started, everybody signed up."""
    with Sandbox(world()) as calcom, starter(folder) as start:
        site = start("http://127.0.0.1", CALCOM_API_URL=calcom.url)
        for name, role in PEOPLE.items():
            site.manage("person", "add", name, "--role", role, stdin=PASSWORD)
        yield Office(site.url, calcom, site)


def typed(moment: datetime) -> str:
    """As people type it into a field for a date and a time."""
    return f"{moment:%Y-%m-%dT%H:%M}"
