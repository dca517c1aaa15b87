"""cal.com checks and then writes without a lock, so that callers who come together win together.

Many real processes ask for one time at once; among ourselves exactly one may get it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest

from dashboard.sandbox import Sandbox
from tests import postgresql, serving
from tests.holds.cast import CONSULT, MONDAY
from tests.parts import require

PROCESSES = 8
PAUSE = 0.5  # seconds between cal.com's check and its write
EVENT_TYPE = "/v2/event-types/{id}"


@dataclass
class Racer:
    """A process of its own. ``asks`` is its input, ``says`` its output."""

    asks: IO[str]
    says: IO[str]

    def begin(self, **task: Any) -> None:
        self.asks.write(json.dumps(task, default=datetime.isoformat) + "\n")
        self.asks.flush()

    def end(self) -> str:
        return self.says.readline().strip()

    def do(self, **task: Any) -> str:
        self.begin(**task)
        return self.end()


@dataclass
class Race:
    racers: list[Racer]
    calcom: Sandbox

    def together(self, tasks: list[dict[str, Any]]) -> list[str]:
        """Every process its task, all at once; how each ended."""
        self.calcom.pause = PAUSE
        for racer, task in zip(self.racers, tasks, strict=True):
            racer.begin(**task)
        ends = [racer.end() for racer in self.racers]
        self.calcom.pause = 0
        return ends

    def places(self, starts: list[datetime], *, guarded: bool) -> tuple[int, list[str]]:
        """How often cal.com gave the time away when everybody places it."""
        self.calcom.remove_holds()
        ends = self.together(
            [{"verb": "place", "start": start, "guarded": guarded} for start in starts]
        )
        return len(self.calcom.live_rows()), ends

    def moves(self, *, guarded: bool) -> tuple[int, list[str]]:
        """The same when everybody moves a hold of their own there, each from another day."""
        self.calcom.remove_holds()
        days = [MONDAY + timedelta(days=7 + number) for number in range(PROCESSES)]
        holds = [
            int(racer.do(verb="place", start=day, guarded=True))
            for racer, day in zip(self.racers, days, strict=True)
        ]
        ends = self.together(
            [{"verb": "move", "hold": h, "start": MONDAY, "guarded": guarded} for h in holds]
        )
        return sum(row.start == MONDAY for row in self.calcom.live_rows()), ends


@contextlib.contextmanager
def racing(database_url: str, calcom: Sandbox) -> Iterator[Race]:
    variables = serving.environment(
        public_url="http://localhost", database_url=database_url, CALCOM_API_URL=calcom.url
    )
    serving.manage(variables, "migrate")
    with contextlib.ExitStack() as running:
        processes = [
            running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.holds.racing", f"racer-{number}"],
                    cwd=serving.PROJECT,
                    env=variables,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for number in range(PROCESSES)
        ]
        racers = [Racer(p.stdin, p.stdout) for p in processes if p.stdin and p.stdout]
        assert [racer.end() for racer in racers] == ["ready"] * PROCESSES
        yield Race(racers, calcom)


@pytest.fixture(params=["sqlite", "postgresql"])
def race(request: pytest.FixtureRequest, tmp_path: Path, sandbox: Sandbox) -> Iterator[Race]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'race.sqlite3'}"
    else:
        require("PostgreSQL", postgresql.binaries())
        url = request.getfixturevalue("postgresql_url")
    with racing(url, sandbox) as ready:
        yield ready


def told(what: str, race: Race, guarded: int, unguarded: int) -> None:
    print(  # noqa: T201
        f"{what}: {len(race.racers)} processes at once, {guarded} won with our guard,"
        f" {unguarded} without"
    )


def test_of_many_processes_one_gets_the_time(
    race: Race, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    database = request.node.callspec.params["race"]
    same = [MONDAY] * PROCESSES
    hours = [MONDAY + timedelta(hours=number) for number in range(PROCESSES)]

    apart, _ = race.places(hours, guarded=True)
    placed, ends = race.places(same, guarded=True)
    placed_unguarded, _ = race.places(same, guarded=False)
    moved, moves = race.moves(guarded=True)
    moved_unguarded, _ = race.moves(guarded=False)
    # Nobody can read how long the event type is: 9:00 and 9:30 overlap as far as anybody knows.
    race.calcom.faults.add("500", route=EVENT_TYPE, count=None)
    overlapping = [MONDAY + timedelta(minutes=30 * (n % 2)) for n in range(PROCESSES)]
    race.calcom.change_event_type(CONSULT, length=45)
    guessed, guesses = race.places(overlapping, guarded=True)
    guessed_unguarded, _ = race.places(overlapping, guarded=False)

    with capsys.disabled():
        print()  # noqa: T201
        told(f"{database}: placing one time", race, placed, placed_unguarded)
        told(f"{database}: moving onto one time", race, moved, moved_unguarded)
        told(f"{database}: placing a time of unknown length", race, guessed, guessed_unguarded)
    assert apart == PROCESSES  # times that do not overlap are all given
    assert (placed, moved, guessed) == (1, 1, 1)
    assert min(placed_unguarded, moved_unguarded, guessed_unguarded) > 1
    for told_them in (ends, moves, guesses):
        losers = [end for end in told_them if not end.isdecimal()]
        assert len(losers) == PROCESSES - 1
        assert set(losers) <= {"already_reserved", "being_asked"}
