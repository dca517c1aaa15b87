"""The whole product for browser tests: gunicorn, a database and the sandbox for cal.com.

The server is another process, because Django refuses its database to the thread that playwright
runs on.
"""

from __future__ import annotations

import itertools
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from dashboard.sandbox import Sandbox, World
from tests.future_dates import day
from tests.migrated import PASSWORD, PEOPLE, PEOPLED, sqlite_template
from tests.sandbox.replay import world as recorded_world
from tests.serving import environment, serving

ZONE = ZoneInfo("Europe/Rome")  # the office's, as tests.serving sets it
WEEKS_NAMED = 10  # of ``future_dates``, to whose days tests give a meaning
CONSULT_60 = "1"  # an event type of 60 minutes in the recorded world
# Free times of a whole week: of the present one, pages show only the days that are left.
WEEK = f"/holds/new?event_type_id={CONSULT_60}&view=week&day={day(0)}"
# Of a booked hold nothing is left to tell: it is neither lost, nor released, nor has it run out.
END_ALL = """
    WITH present(moment) AS (VALUES (strftime('%Y-%m-%d %H:%M:%f', 'now')))
    UPDATE dashboard_hold
    SET state = 'booked', version = version + 1, change = NULL, claim_id = NULL,
        ended_at = coalesce(ended_at, moment), changed_at = moment
    FROM present
    WHERE state NOT IN ('booked', 'refused')
"""


@dataclass
class Product:
    """A running server with its people, and the cal.com that it talks to.

    Each person is signed in twice, so that no page in a browser shows a message of a client.
    """

    url: str
    database: str
    calcom: Sandbox
    clients: dict[str, httpx.Client]  # by name of the person who is signed in
    cookies_of: dict[str, httpx.Cookies] = field(default_factory=dict)  # for browsers, by name
    _days: Iterator[int] = field(default_factory=itertools.count)
    _is_shifted: bool = False

    def free_time(self) -> datetime:
        """Return 16:00 in the office's zone on another day at each call: a time cal.com offers.

        Later than any day that a test names, so that no other test has read what is free then.
        """
        weeks, weekday = divmod(next(self._days), 5)
        return datetime.combine(day(WEEKS_NAMED * 7 + weeks * 7 + weekday), time(16), ZONE)

    def place(self, name: str, at: datetime, client_name: str, **fields: str) -> int:
        """Place a hold by the product's own form; return its number."""
        data = {
            "event_type_id": CONSULT_60,
            "slot_start": at.isoformat(),
            "reservation_duration": "15",
            "client_name": client_name,
        }
        answer = self.post(name, "/holds/new", data | fields, follow_redirects=False)
        found = re.fullmatch(r"/holds/(\d+)/", answer.headers.get("Location", ""))
        assert found, (answer.status_code, answer.headers)
        return int(found[1])

    def post(
        self,
        name: str,
        path: str,
        data: dict[str, str | list[str]],
        *,
        follow_redirects: bool = True,
    ) -> httpx.Response:
        """Send a form as this person."""
        client = self.clients[name]
        token = {"csrfmiddlewaretoken": client.cookies["holdfast_csrf"]}
        return client.post(path, data=data | token, follow_redirects=follow_redirects)

    def cookies(self, name: str) -> list[dict[str, str]]:
        """Return the cookies of this person, for a browser."""
        kept = self.cookies_of[name].items()
        return [{"name": key, "value": value, "url": self.url} for key, value in kept]

    def uids(self) -> list[str]:
        """Return the reservation uids, which no page may show."""
        return [row.uid for row in self.calcom.rows()]

    def starts(self) -> list[datetime]:
        """Return when the live reservations at cal.com begin."""
        return sorted(row.start for row in self.calcom.live_rows())

    def ends(self) -> list[datetime]:
        """Return when the live reservations at cal.com end."""
        return sorted(row.release_at for row in self.calcom.live_rows())

    def minutes_gained(self, before: list[datetime]) -> list[int]:
        """Return by how many minutes each of these ends later than before, rounded."""
        pairs = zip(before, self.ends(), strict=True)
        return [round((end - was) / timedelta(minutes=1)) for was, end in pairs]

    def pass_time(self, seconds: float) -> None:
        """Set cal.com's clock ahead, and let the product learn it from an answer."""
        self.calcom.clock.shift(seconds)
        self._is_shifted = True
        self._ask_calcom()

    def reset(self) -> None:
        """End all holds, so that no board tells of them, and undo what a test did to cal.com.

        Also forget what people chose for themselves. In the database, because to do it by forms
        takes as long as many a test.
        """
        self.calcom.faults.clear()
        if self._is_shifted:
            self.calcom.clock.reset()
            self._is_shifted = False
            self._ask_calcom()
        with closing(sqlite3.connect(self.database, timeout=60)) as file, file:
            file.execute(END_ALL)
            file.execute("DELETE FROM dashboard_preferences")
            file.execute("DELETE FROM dashboard_savedsearch")
        self.calcom.remove_reservations()
        self.calcom.forget_calls()

    def _ask_calcom(self) -> None:
        self.post("vera", "/look-up", {"uid": "no-such-reservation"})


@contextmanager
def running_product(folder: Path, world: World | None = None) -> Iterator[Product]:
    """Start the product with its people, each of them signed in."""
    with ExitStack() as stack:
        calcom = stack.enter_context(Sandbox(world or recorded_world(), has_teams=True))
        database = shutil.copy(sqlite_template(PEOPLED), folder / "db.sqlite3")
        variables = environment(
            public_url="http://127.0.0.1", database_url=str(database), CALCOM_API_URL=calcom.url
        )
        site = stack.enter_context(serving(variables, folder))
        clients, cookies_of = {}, {}
        for name in PEOPLE:
            client = httpx.Client(base_url=site.url, timeout=60, trust_env=False, verify=False)
            clients[name] = stack.enter_context(client)
            sign_in(client, name)
            cookies_of[name] = httpx.Cookies(client.cookies)
            client.cookies.clear()
            sign_in(client, name)
        yield Product(site.url, str(database), calcom, clients, cookies_of)


def sign_in(client: httpx.Client, name: str) -> None:
    """Sign in by the form."""
    client.get("/accounts/login/")
    data = {"username": name, "password": PASSWORD}
    token = {"csrfmiddlewaretoken": client.cookies["holdfast_csrf"]}
    answer = client.post("/accounts/login/", data=data | token)
    assert answer.status_code == 302, answer.text


def typed(moment: datetime) -> str:
    """Return a moment as people type it into a field for date and time."""
    return f"{moment:%Y-%m-%dT%H:%M}"
