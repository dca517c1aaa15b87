"""Nothing is lost: every verb, every call of it, every fault.

After each: what the page says at once, what the register, the audit and cal.com say once the
change is settled, and that in the end nothing is left anywhere.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx
import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom import Client
from dashboard.calcom.transport import Transport
from dashboard.holds import calls, claims, settle
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from dashboard.sandbox.fixtures import Hold as Row
from tests.holds import clocks, invariants, snapshot
from tests.holds.cast import ALL, CONSULT, LATER, ONE
from tests.holds.invariants import Shown
from tests.holds.journeys import (
    FAULTY,
    FROZEN,
    KNOWN_UID,
    STRANGERS_MINUTES,
    Death,
    Fault,
    Form,
    Verb,
    prepare,
)
from tests.holds.summary import tell

CALL_SECONDS = 0.4  # of a slow fault: what waits longer is unanswered
PAST_ALL_LANDINGS = 200  # seconds: longer than any claim and any late call
PAST_ALL_HOLDS = 4 * 3600

_verified: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _summary(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    tell(
        request.config,
        f"{_verified['faults']} of {len(FAULTY)} faults at calls of verbs and {_verified['frozen']}"
        f" of {len(FROZEN)} standstills verified on {connection.vendor}",
    )


@dataclass
class Desk:
    """Somebody at work, with everything that can be looked at beside it."""

    browser: Browser
    calcom: Sandbox
    ahead: float = 0.0

    def __post_init__(self) -> None:
        self.begun = self.calcom.clock.now()

    def forward(self, seconds: float) -> None:
        self.ahead += seconds
        self.calcom.clock.shift(seconds)

    def send(self, form: Form, known: Mapping[str, int]) -> tuple[int, str, str]:
        to, data = form.filled(known)
        answer = self.browser.post(to, data)
        return answer.status_code, answer.headers.get("Location", ""), answer.content.decode()

    def page(self, hold: int) -> Shown:
        answer = self.browser.get(f"/holds/{hold}/")
        assert answer.status_code == 200
        return Shown.of(answer.content.decode())

    def wrong_page(self) -> list[str]:
        """What the pages of all holds say that is not so; nobody is at work on any."""
        wrong = []
        for hold in Hold.objects.order_by("id"):
            shown = self.page(hold.pk)
            self.landed()
            mine = invariants.without_others(self.mine, snapshot.read(), hold.pk)
            wrong += invariants.page(shown, self.live, mine, at_rest=True)
        return wrong

    @property
    def live(self) -> list[Row]:
        return self.calcom.live_rows()

    @property
    def mine(self) -> list[Row]:
        return invariants.ours(self.live, self.begun)

    def landed(self) -> None:
        """Wait until cal.com has done with every call that was written down."""
        asked = invariants.calls_written_down(snapshot.read())
        deadline = time.monotonic() + 5
        while self._seen() != asked and time.monotonic() < deadline:
            time.sleep(0.005)
        assert self._seen() == asked, "calls that came, and calls that were written down"

    def _seen(self) -> Counter[str]:
        calls = [*self.calcom.calls(route=ALL), *self.calcom.calls(route=ONE)]
        return Counter(call.method for call in calls)

    def settle(self) -> int:
        settle.settle_times(timezone.now())
        return settle.settle_changes(timezone.now())


@pytest.fixture
def desk(calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch) -> Desk:
    browser = Browser()
    browser.force_login(staff)
    desk = Desk(browser, calcom)
    clocks.follow(monkeypatch.setattr, lambda: desk.ahead)
    return desk


def begin(verb: Verb, desk: Desk) -> dict[str, int]:
    """What there is before the verb: holds, or a reservation that we do not know."""
    if verb.act.to == "/look-up":
        desk.calcom.insert_hold(CONSULT, LATER, minutes=STRANGERS_MINUTES, uid=KNOWN_UID)
    known = prepare(verb, desk.send)
    desk.forward(verb.waits)
    if verb.beforehand:
        desk.calcom.faults.add(**verb.beforehand)
    return known


def arm(desk: Desk, verb: Verb, number: int, fault: Fault) -> int:
    """The fault at this call, and what comes after it; gives the number of the first."""
    method, route, skip = verb.call(number)
    faults = desk.calcom.faults
    if fault.then:
        for other, before in verb.until(number).items():
            faults.add(fault.then, route=other, skip=before, count=None)
    return faults.add(
        fault.kind, when=fault.when, method=method, route=route, skip=skip, **fault.more
    )


def _id(case: object) -> str:
    return str(getattr(case, "name", case)).replace(" ", "-")


@pytest.mark.parametrize(("verb", "number", "fault"), FAULTY, ids=_id)
def test_nothing_is_lost_by_a_fault(
    desk: Desk, verb: Verb, number: int, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault.takes_time:
        monkeypatch.setattr(claims, "CALL_SECONDS", CALL_SECONDS)
    known = begin(verb, desk)
    before, uids = desk.mine, dict(Hold.objects.values_list("pk", "reservation_uid"))
    last = max((entry["id"] for entry in snapshot.read()["entries"]), default=0)
    armed = arm(desk, verb, number, fault)

    status, location, text = desk.send(verb.act, known)

    assert desk.calcom.faults.hits(armed) == 1
    outcomes = invariants.outcomes_since(snapshot.read(), last)
    outcome = outcomes[-1]
    if not verb.of_several:
        assert outcome["action"] == verb.action
        assert status in verb.statuses(outcome["outcome"])
    if status == 303:
        hold = known.get("hold") or Hold.objects.get().pk
        assert location == verb.leads_to.format(hold=hold)
    assert invariants.words(text, desk.live, desk.mine) == []
    if "unknown" in {each["outcome"] for each in outcomes}:
        assert desk.settle() <= 1  # while a slow call may still land
    desk.calcom.faults.clear()
    desk.landed()
    if verb.of_several:
        assert invariants.honest_of_each(outcomes, uids, before, desk.mine) == []
    else:
        assert invariants.honest(verb, outcome, before, desk.mine) == []
    assert desk.wrong_page() == []

    desk.forward(PAST_ALL_LANDINGS)
    assert [desk.settle() for _ in range(3)][-1] == 0
    desk.landed()
    now = snapshot.read()
    assert invariants.register(now, desk.live, desk.mine) == []
    assert invariants.at_rest(now) == []
    assert invariants.audit(now) == []
    assert desk.wrong_page() == []

    desk.forward(PAST_ALL_HOLDS)
    desk.settle()
    assert desk.live == []
    assert [hold for hold in Hold.objects.all() if not hold.has_ended] == []
    assert invariants.audit(snapshot.read()) == []
    _verified["faults"] += 1


class Freezing(httpx.BaseTransport):
    """Stands still before the chosen call, or with its answer in hand, until all is settled."""

    def __init__(self, desk: Desk, moment: Death) -> None:
        self._inside, self._desk, self._moment = Transport(), desk, moment
        self._calls = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._calls += "/slots/reservations" in request.url.path
        here = self._moment if self._calls == self._moment.call else None
        if here and here.at == "before":
            self._stand_still()
        response = self._inside.handle_request(request)
        if here and here.at == "answered":
            body = response.read()
            self._stand_still()
            return httpx.Response(response.status_code, headers=response.headers, content=body)
        return response

    def _stand_still(self) -> None:
        self._calls = 1_000  # what others send meanwhile goes through
        self._desk.forward(PAST_ALL_LANDINGS)
        for _time in range(3):
            self._desk.settle()

    def close(self) -> None:
        self._inside.close()


@pytest.mark.parametrize(("verb", "moment"), FROZEN, ids=_id)
def test_nothing_is_lost_by_a_process_that_stood_still(
    desk: Desk, verb: Verb, moment: Death, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = begin(verb, desk)
    calls.close_client()
    cal = Client(
        base_url=desk.calcom.url,
        api_key="cal_ownerfast0123456789",
        transport=Freezing(desk, moment),
    )
    monkeypatch.setattr(calls, "new_client", lambda: cal)

    status, _location, text = desk.send(verb.act, known)

    assert status in ({200, 303, 409, 503} if verb.of_several else {303, 409, 503})
    assert invariants.words(text, desk.live, desk.mine) == []
    desk.forward(PAST_ALL_LANDINGS)
    assert [desk.settle() for _ in range(3)][-1] == 0
    now = snapshot.read()
    assert invariants.register(now, desk.live, desk.mine) == []
    assert invariants.at_rest(now) == []
    assert invariants.audit(now) == []
    assert desk.wrong_page() == []
    _verified["frozen"] += 1
