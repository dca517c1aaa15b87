"""cal.com may read from a replica of its database, which is behind its writes."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom_state.clock import Clock
from dashboard.holds import operation, steps
from dashboard.holds.models import Hold
from dashboard.holds.offer_decision import keep_one, start_offer
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from dashboard.sandbox.fixtures import Booking, Reservation
from tests.accounts.cast import acting
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register, sent, states
from tests.holds.verbs import CONSULT, MONDAY

NEARBY = MONDAY + timedelta(minutes=30)
PARKED, LOOK, BACK = ("PATCH", 200), ("GET", 200), ("PATCH", 200)
REFUSED = ("PATCH", 422)


class Replica:
    """Lets the first so many reads after each write find what was there before it.

    A PATCH reads twice before it writes, and once where it meets a booking. A GET reads once.
    """

    def __init__(self, calcom: Sandbox, monkeypatch: pytest.MonkeyPatch, *, reads: int) -> None:
        self._reads = reads
        self._real, self._before, self._left = calcom.rows, calcom.rows(), 0
        for name in ("insert_reservation", "update_reservation"):
            monkeypatch.setattr(calcom, name, self._writing(getattr(calcom, name)))
        monkeypatch.setattr(calcom, "rows", self._rows)

    def _writing(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def written(*args: Any, **more: Any) -> Any:
            self._before, self._left = self._real(), self._reads
            return write(*args, **more)

        return written

    def _rows(self) -> list[Reservation]:
        self._left -= 1
        return self._before if self._left >= 0 else self._real()


def keep(staff: User, hold: Hold) -> None:
    offer = start_offer(hold_id=hold.pk, by=acting(staff), now=timezone.now())
    keep_one(offer_id=offer.pk, hold_id=hold.pk, by=acting(staff), now=timezone.now())


@pytest.mark.parametrize(
    ("verb", "calls"),
    [
        # The second look finds it parked.
        ("extend", [PARKED, REFUSED, LOOK, LOOK, BACK]),
        ("move", [PARKED, REFUSED, LOOK, LOOK, BACK]),
        ("move to a booked time", [PARKED, REFUSED, LOOK, LOOK, LOOK, BACK]),
    ],
)
def test_parked_hold_comes_back(
    calcom: Sandbox,
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    calls: list[tuple[str, int]],
) -> None:
    monkeypatch.setattr(steps, "FIRST_PAUSE", 0.01)
    hold = verbs.place(staff)
    verbs.extend(staff, hold, 20)  # shows that it has to be parked
    if verb == "move to a booked time":
        end = MONDAY + timedelta(hours=1)
        calcom.add_booking(Booking("b", CONSULT, end, end + timedelta(hours=1)))
    calcom.forget_calls()

    with monkeypatch.context() as patch:
        Replica(calcom, patch, reads=3)
        with suppress(HoldError):
            verbs.extend(staff, hold, 30) if verb == "extend" else verbs.move(staff, hold, NEARBY)

    assert sent(calcom) == calls
    assert states(hold) == ["held"]
    assert at_cal_com(calcom) == in_register(hold)


@pytest.fixture
def pauses(calcom: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds of each pause for a replica, which is said to be an hour behind."""
    asked: list[float] = []
    monkeypatch.setattr(operation, "REPLICA_LAG", timedelta(hours=1))
    monkeypatch.setattr(operation, "time", SimpleNamespace(sleep=asked.append, monotonic=monotonic))
    return asked


@pytest.mark.parametrize(
    ("act", "calls"),
    [
        (verbs.check, [LOOK, LOOK]),
        (verbs.check_all, [LOOK, LOOK]),
        (verbs.release, [LOOK, LOOK, ("DELETE", 200)]),
        (verbs.extend, [("PATCH", 404), REFUSED, PARKED, BACK]),
    ],
)
def test_hold_that_was_just_placed_is_not_taken_for_gone(
    calcom: Sandbox,
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
    *,
    pauses: list[float],
    act: Callable[[User, Hold], object],
    calls: list[tuple[str, int]],
) -> None:
    Replica(calcom, monkeypatch, reads=1)
    hold = verbs.place(staff)
    calcom.forget_calls()
    # The local clock is set during each verb, whose own clock counts on.
    before_step = timedelta(minutes=30)
    monkeypatch.setattr(Clock, "now", lambda _self: timezone.now() - before_step)

    act(staff, hold)

    assert sent(calcom) == calls
    assert states(hold) == ["released" if act is verbs.release else "held"]
    assert [3500 < pause <= 3600 for pause in pauses] == [True]


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("act", [verbs.check, verbs.check_all, keep])
def test_change_just_made_is_not_taken_for_one_outside(
    calcom: Sandbox,
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[User, Hold], object],
) -> None:
    hold = verbs.place(staff)
    Replica(calcom, monkeypatch, reads=1)
    verbs.move(staff, hold)
    calcom.forget_calls()

    act(staff, hold)

    assert sent(calcom) == [LOOK, LOOK]
    assert at_cal_com(calcom) == in_register(hold)


def test_release_deletes_what_a_replica_does_not_have_for_longer(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Replica(calcom, monkeypatch, reads=3)
    hold = verbs.place(staff)

    verbs.release(staff, hold)

    assert states(hold) == ["gone"]
    assert calcom.live_rows() == []
