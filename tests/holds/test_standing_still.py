"""A cal.com that stands still (SIGSTOP) executes what it was sent when it goes on.

However long that takes, the register must account for it: an end counts from cal.com's first
answer to any later call.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.core.cache import cache
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom_state import calcom_client
from dashboard.holds import reservations, settle
from dashboard.holds.change import Change
from dashboard.holds.hold_fields import LANDING
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from tests.holds import verbs
from tests.holds.verbs import LATER, ROUND_ROBIN
from tests.pages.desk import desk
from tests.serving import PROJECT
from tests.waiting import wait_for

pytestmark = pytest.mark.slow

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SOME_SECONDS = timedelta(seconds=5)


@dataclass
class Server:
    """A sandbox in a process of its own, which can be stopped."""

    pid: int
    control: str

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)  # until all of its threads stand still

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def live(self) -> list[dict[str, Any]]:
        rows = httpx.get(f"{self.control}/rows").json()["rows"]
        return [row for row in rows if row["isLive"]]


# Without Django, which ``manage.py sandbox`` takes a second to load.
SANDBOX = """
from datetime import UTC, datetime
from dashboard.sandbox import Sandbox, demo_world
with Sandbox(demo_world(datetime.now(UTC).date())) as sandbox:
    print(sandbox.url, sandbox.control_url, flush=True)
    input()
"""


@pytest.fixture
def server(settings: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with subprocess.Popen(
        [sys.executable, "-c", SANDBOX],
        cwd=PROJECT,
        env={"PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url, control = process.stdout.readline().split()
        settings.CALCOM_API_URL = url
        cache.clear()
        monkeypatch.setattr(calcom_client, "CALL_SECONDS", 1.0)
        monkeypatch.setattr(calcom_client, "SILENT", 500)  # shorter than a call, as in real use
        yield Server(process.pid, control)
        calcom_client.close_client()
        process.kill()
    cache.clear()


def stop_before(server: Server, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Stop the server before the next ``reserve``, ``update`` or ``delete``."""
    original = getattr(reservations, call)

    def stop_and_call(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(reservations, call, original)
        server.stop()
        return original(*args, **more)

    monkeypatch.setattr(reservations, call, stop_and_call)


def later(hours: float) -> datetime:
    return timezone.now() + hours * HOUR


def test_unanswered_hold_stays_unconfirmed_until_cal_com_answers(
    server: Server, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_before(server, monkeypatch, "reserve")
    with pytest.raises(HoldError):
        verbs.place(staff, start=LATER, minutes=2)

    for hours in (0, 0.1, 4):
        settle.settle_all(later(hours))
        hold = Hold.objects.get()
        assert (hold.state, hold.latest_end) == ("unconfirmed", None)
    page = desk(staff).get(f"/holds/{hold.pk}/").content.decode()
    assert "Until when is not known before cal.com answers" in page

    server.go_on()
    wait_for(lambda: server.live() != [])
    settle.settle_all(timezone.now())
    hold.refresh_from_db()
    assert hold.latest_end is not None
    [row] = server.live()
    expected = timezone.now() + LANDING + 2 * MINUTE
    assert expected - SOME_SECONDS <= hold.latest_end <= expected + SOME_SECONDS
    assert hold.latest_end > datetime.fromisoformat(row["reservationUntil"])
    assert settle.settle_times(hold.latest_end - SOME_SECONDS) == 0
    assert settle.settle_times(hold.latest_end + SOME_SECONDS) == 1


def test_answer_to_any_call_names_the_latest_end(
    server: Server, staff: User, colleague: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_before(server, monkeypatch, "reserve")
    with pytest.raises(HoldError):
        verbs.place(staff, start=LATER)
    server.go_on()

    verbs.place(colleague, start=LATER + 2 * HOUR)
    settle.settle_times(timezone.now())

    assert Hold.objects.get(state="unconfirmed").latest_end is not None


def test_second_reservation_is_found_from_the_hold(
    server: Server, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = verbs.place(staff, start=LATER, event_type=ROUND_ROBIN)
    stop_before(server, monkeypatch, "reserve")
    with pytest.raises(HoldError):
        verbs.extend(staff, hold)
    server.go_on()

    second = Hold.objects.get(stands_in_for=hold)

    assert (second.event_type_id, second.slot_start) == (ROUND_ROBIN, LATER)
    assert (second.state, second.latest_end) == ("unconfirmed", None)


@pytest.mark.parametrize(("verb", "call"), [("extend", "update"), ("release", "delete")])
def test_change_stays_open_until_cal_com_answers(
    server: Server, staff: User, monkeypatch: pytest.MonkeyPatch, verb: str, call: str
) -> None:
    hold = verbs.place(staff, start=LATER)
    stop_before(server, monkeypatch, call)
    with pytest.raises(HoldError):
        getattr(verbs, verb)(staff, hold)

    assert settle.settle_all(later(4)) == 1
    change = Change.from_json(Hold.objects.get().change)
    assert not change.is_answered
    page = desk(staff).get(f"/holds/{hold.pk}/").content.decode()
    assert "given no answer about it since" in page

    server.go_on()
    for minutes in (0, 2, 4):
        settle.settle_all(timezone.now() + minutes * MINUTE)
    hold.refresh_from_db()
    assert hold.change is None
    there = [(row["slotStart"], row["uid"]) for row in server.live()]
    here = [(hold.slot_start, hold.reservation_uid)] if hold.state == "held" else []
    assert [(datetime.fromisoformat(start), uid) for start, uid in there] == here
