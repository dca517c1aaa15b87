"""Several processes at once: one of them gets a slot.

cal.com checks and then writes without a lock, so callers who come together all win. That is shown
here with the guard of slots switched off.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from dashboard.sandbox import Sandbox
from tests.holds.processes import Processes, processes
from tests.holds.verbs import CONSULT, EVENT_TYPE, MONDAY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

COUNT = 8
PAUSE = 0.5  # seconds between cal.com's check and its write


@pytest.fixture
def running(calcom: Sandbox) -> Iterator[Processes]:
    with processes(COUNT, calcom_url=calcom.url) as started:
        yield started


@dataclass(frozen=True)
class Race:
    """Count of the processes that got the slot, and why it was refused to the others."""

    given: int
    refusals: list[str]


def place(running: Processes, calcom: Sandbox, minutes: list[int], *, guarded: bool) -> Race:
    """Place so many minutes after Monday's start, all at once."""
    calcom.remove_reservations()
    starts = [MONDAY + timedelta(minutes=n) for n in minutes]
    return race(
        running, calcom, [{"verb": "place", "start": s, "guarded": guarded} for s in starts]
    )


def move(running: Processes, calcom: Sandbox, *, guarded: bool) -> Race:
    """Move a hold of each process to one slot, each from another day, all at once."""
    calcom.remove_reservations()
    days = [MONDAY + timedelta(days=7 + number) for number in range(COUNT)]
    holds = running.together([{"verb": "place", "start": start} for start in days])
    asked = {"verb": "move", "start": MONDAY, "guarded": guarded}
    return race(running, calcom, [asked | {"hold": hold} for hold in holds])


def race(running: Processes, calcom: Sandbox, tasks: list[dict[str, Any]]) -> Race:
    pause = calcom.faults.add("delay", when="between", seconds=PAUSE, count=None)
    results = running.together(tasks)
    calcom.faults.clear(pause)
    starts = {task["start"] for task in tasks}
    given = sum(row.start in starts for row in calcom.live_rows())
    return Race(given, [result for result in results if isinstance(result, str)])


@pytest.mark.alone  # the processes must meet within the pause
def test_one_process_gets_the_slot(
    running: Processes, calcom: Sandbox, record_property: Callable[[str, object], None]
) -> None:
    same, hours = [0] * COUNT, [60 * n for n in range(COUNT)]
    apart = place(running, calcom, hours, guarded=True)
    guarded = {
        "placing one slot": place(running, calcom, same, guarded=True),
        "moving to one slot": move(running, calcom, guarded=True),
    }
    unguarded = {
        "placing one slot": place(running, calcom, same, guarded=False),
        "moving to one slot": move(running, calcom, guarded=False),
    }
    # Where the event type cannot be read, a slot has no known end: 9:00 and 9:30 may overlap.
    calcom.faults.add("500", route=EVENT_TYPE, count=None)
    calcom.change_event_type(CONSULT, length=45)
    overlapping = [30 * (n % 2) for n in range(COUNT)]
    unknown = "placing slots of unknown length"
    guarded[unknown] = place(running, calcom, overlapping, guarded=True)
    unguarded[unknown] = place(running, calcom, overlapping, guarded=False)

    assert apart == Race(COUNT, [])
    assert {each.given for each in guarded.values()} == {1}
    assert {len(each.refusals) for each in guarded.values()} == {COUNT - 1}
    causes = {cause for each in guarded.values() for cause in each.refusals}
    assert causes <= {"already_reserved", "being_asked"}
    assert min(each.given for each in unguarded.values()) > 1
    for what, one in unguarded.items():
        record_property(
            "summary",
            f"{connection.vendor}: {what}: {COUNT} processes at once, 1 got it with the guard,"
            f" {one.given} without",
        )
