"""The state file, the demo world, and ``manage.py sandbox`` as a process."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TextIO

import httpx
import pytest

from dashboard.sandbox import Booking, Sandbox, demo_world
from tests import forking
from tests.sandbox.api import MONDAY, OWNER, RESERVATIONS, body, client, hold, starts
from tests.sandbox.replay import world
from tests.waiting import PATIENCE

ENVIRONMENT = os.environ | {
    "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 3,
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "CALCOM_API_KEY": "cal_ownerfast0123456789",
}


@dataclass
class Process:
    """A sandbox of its own process, with the URLs of its API and of its control."""

    program: forking.Program
    input: TextIO
    output: TextIO
    url: str
    control: str

    def end(self, number: signal.Signals) -> None:
        self.program.send_signal(number)
        assert self.program.wait(PATIENCE) == 0
        assert "cal_owner0123456789" in self.output.read()


@contextmanager
def process(*options: str) -> Iterator[Process]:
    """Run ``manage.py sandbox`` on free ports."""
    command = ["manage.py", "sandbox", "--port", "0", "--control-port", "0", *options]
    with forking.piped(command, env=ENVIRONMENT) as (program, given, output):
        try:
            api, control = (output.readline().split() for _ in range(2))
            assert (api[0], control[0]) == ("sandbox", "control")
            yield Process(program, given, output, api[1], control[1])
        finally:
            program.kill()


def reserve(url: str, start: str) -> httpx.Response:
    return httpx.post(url + RESERVATIONS, json=body(start), headers=OWNER, timeout=PATIENCE)


def test_holds_and_bookings_survive_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state.json"
    booking = Booking("bk-new", 1, MONDAY, MONDAY + timedelta(hours=1), "pending", 1)
    with Sandbox(world(), state_path=state) as first, client(first) as caller:
        kept, deleted = hold(caller, "11T09:00"), hold(caller, "11T11:00")
        caller.patch(f"{RESERVATIONS}/{kept}", json=body("12T09:00", reservationDuration=90))
        caller.delete(f"{RESERVATIONS}/{deleted}")
        first.add_booking(booking)
        first.remove_booking("bk-seat-1")
        rows, bookings = first.rows(), first.bookings()
    with Sandbox(world(), state_path=state) as second, client(second) as caller:
        assert (second.rows(), second.bookings()) == (rows, bookings)
        hold(caller, "11T09:00")
        assert len({row.id for row in second.rows()}) == 2
        second.reset()
    with Sandbox(world(), state_path=state) as third:
        assert (third.rows(), third.bookings()) == ([], list(third.world.bookings))


@pytest.mark.slow
def test_state_file_is_whole_after_a_kill(tmp_path: Path) -> None:
    state = str(tmp_path / "state.json")
    free = "11T12:00"  # also in the four weeks that the demo has bookings in
    with process("--state", state) as killed:
        assert reserve(killed.url, free).status_code == 201
    with process("--state", state) as running:
        assert reserve(running.url, free).status_code == 422
        rows = httpx.get(f"{running.control}/rows", timeout=PATIENCE).json()["rows"]
        assert len(rows) == 1
        running.end(signal.SIGTERM)


@pytest.mark.slow
def test_only_a_signal_ends_it() -> None:
    with process() as running:
        running.input.close()
        assert httpx.get(running.url, timeout=PATIENCE).status_code == 404
        running.end(signal.SIGINT)


@pytest.mark.slow
def test_port_in_use_is_reported_in_a_sentence(sandbox: Sandbox) -> None:
    port = sandbox.url.rpartition(":")[2]
    ended = forking.run(["manage.py", "sandbox", "--port", port], env=ENVIRONMENT)
    assert ended.returncode == 1
    assert ended.stderr.startswith("CommandError: cannot listen on that port: ")


@pytest.mark.parametrize("today", [date(2026, 12, 28), date(2027, 3, 27), date(2027, 6, 12)])
def test_demo_world_has_free_times_and_bookings_from_any_day_on(today: date) -> None:
    with Sandbox(demo_world(today)) as sandbox, client(sandbox) as caller:
        sandbox.clock.stop(datetime(today.year, today.month, today.day, 6, tzinfo=UTC))
        week = [str(today + timedelta(days=ahead)) for ahead in range(7)]
        for event_type in (1, 2, 3, 4, 20, 22):
            found = [starts(caller, day, event_type=event_type) for day in week]
            assert sum(map(bool, found)) == 5, "every working day has free times"
        assert sum(1 for booking in sandbox.bookings() if booking.start.date() >= today) > 30


def test_demo_world_contains_the_recorded_world() -> None:
    demo, recorded = demo_world(date(2026, 12, 28)), world()
    assert demo.keys == recorded.keys
    for name in ("event_types", "users", "teams", "schedules"):
        there = getattr(recorded, name)
        assert getattr(demo, name)[: len(there)] == there
    assert set(recorded.bookings) <= set(demo.bookings)


def test_demo_world_has_a_practice() -> None:
    demo = demo_world(date(2026, 12, 28))
    practice = [each for each in demo.event_types if each.id >= 1000]
    assert len(practice) == 40
    assert len({each.id for each in demo.event_types}) == len(demo.event_types)
    kinds = {each.scheduling or bool(each.options) or bool(each.seats) for each in practice}
    assert kinds == {"roundRobin", "collective", True, False}
    hosts = {host for each in practice for host in each.people}
    assert len(hosts) == 12
    assert hosts <= demo.user_by_id.keys()
    assert all(demo.schedule_of(host) for host in hosts)


def test_demo_world_is_nearly_the_same_on_the_next_day() -> None:
    today, tomorrow = (set(demo_world(date(2027, 1, day)).bookings) for day in (5, 6))
    assert len(today ^ tomorrow) <= 8
