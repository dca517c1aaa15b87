"""A person's browser and the sandbox, with everything that can be read beside them.

The product is in this process (``test_nothing_lost``) or in one that can be killed
(``crash_harness``).
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from typing import Any

from dashboard.sandbox import Sandbox
from dashboard.sandbox.fixtures import Reservation
from tests.holds import invariants
from tests.holds.staff_actions import KNOWN_UID, STRANGERS_MINUTES, Form, StaffAction, prepare
from tests.holds.verbs import ALL, CONSULT, LATER, ONE

PAST_ALL_LANDINGS = 200  # seconds: longer than any claim and any late call
PAST_ALL_HOLDS = 4 * 3600


class Office(ABC):
    """Actions and readings of a test, wherever the product runs."""

    def __init__(self, calcom: Sandbox) -> None:
        self.calcom = calcom
        self.started = calcom.clock.now()

    @abstractmethod
    def send(self, form: Form, ids: Mapping[str, int]) -> tuple[int, str, str]:
        """Send a form; return status, location and text of the answer."""

    @abstractmethod
    def page(self, address: str) -> str:
        """Return the text of a page, which must be there."""

    @abstractmethod
    def snapshot(self) -> dict[str, Any]:
        """Return the register and the audit, as ``snapshot.read``."""

    @abstractmethod
    def forward(self, seconds: float) -> None:
        """Let so many seconds pass on all clocks."""

    @abstractmethod
    def settle(self) -> None:
        """Let settle look once."""

    @abstractmethod
    def wait_for_calls(self) -> None:
        """Wait until the sandbox has finished each call that was sent."""

    @property
    def live(self) -> list[Reservation]:
        return self.calcom.live_rows()

    @property
    def mine(self) -> list[Reservation]:
        return invariants.without_strangers(self.live, self.started)

    def calls(self) -> Counter[str]:
        """Count the calls about reservations that the sandbox has finished, by method."""
        seen = [*self.calcom.calls(route=ALL), *self.calcom.calls(route=ONE)]
        return Counter(call.method for call in seen)

    def begin(self, action: StaffAction) -> dict[str, int]:
        """Make what is there before the action; return the ids for its form."""
        if action.form.to == "/look-up":
            self.calcom.insert_reservation(CONSULT, LATER, minutes=STRANGERS_MINUTES, uid=KNOWN_UID)
        ids = prepare(action, self.send)
        self.forward(action.waits)
        if action.faults_before:
            self.calcom.faults.add(**action.faults_before)
        return ids

    def wrong_pages(self, *, is_idle: bool = True) -> list[str]:
        """Check the pages of all holds; ``is_idle`` where no process is at work on any."""
        wrong = []
        for hold in self.snapshot()["holds"]:
            page = invariants.HoldPage.parse(self.page(f"/holds/{hold['id']}/"))
            self.wait_for_calls()  # opening the page may have settled it
            mine = invariants.without_other_holds(self.mine, self.snapshot(), hold["id"])
            wrong += invariants.page(page, self.live, mine, is_idle=is_idle)
        return wrong

    def assert_settles(self) -> None:
        """Let settle look until all has settled, three times at most; compare everything."""
        for _look in range(3):
            self.forward(PAST_ALL_LANDINGS)
            self.settle()
            now = self.snapshot()
            if invariants.settled(now) == []:
                break
        self.wait_for_calls()
        assert invariants.settled(now) == []
        assert invariants.register(now, self.live, self.mine) == []
        assert invariants.audit(now) == []
        assert invariants.calls_in_audit(now) >= self.calls()
        assert self.wrong_pages() == []

    def assert_nothing_is_left(self) -> None:
        """Let all holds run out."""
        self.forward(PAST_ALL_HOLDS)
        self.settle()
        now = self.snapshot()
        assert self.live == []
        assert invariants.all_ended(now) == []
        assert invariants.audit(now) == []


def name_of(case: object) -> str:
    """Return the name of a case or of a part of it, for the report."""
    return str(getattr(case, "name", case)).replace(",", "")
