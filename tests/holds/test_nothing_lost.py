"""No fault and no frozen process loses a hold or leaves a reservation that no hold accounts for.

After each: what the page says at once, what register, audit and cal.com say once the change has
settled, and that in the end nothing is left.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from django.test import Client as Browser
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom import Client
from dashboard.calcom.transport import Transport
from dashboard.calcom_state import calcom_client
from dashboard.holds import settle
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.holds import clocks, invariants, snapshot
from tests.holds.fault_cases import FAULTS, FREEZES, Fault, Moment, fault_cases
from tests.holds.office import PAST_ALL_LANDINGS, Office, name_of
from tests.holds.staff_actions import ACTIONS, Form, StaffAction
from tests.holds.verbs import KEY
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

CALL_SECONDS = 1.0  # the time limit of calls where a test waits for it


class OfficeHere(Office):
    """The product in this process, whose clocks can be moved."""

    ahead = 0.0  # seconds that all clocks are ahead

    def __init__(self, browser: Browser, calcom: Sandbox) -> None:
        super().__init__(calcom)
        self.browser = browser

    def forward(self, seconds: float) -> None:
        self.ahead += seconds
        self.calcom.clock.shift(seconds)

    def send(self, form: Form, ids: Mapping[str, int]) -> tuple[int, str, str]:
        to, data = form.filled(ids)
        answer = self.browser.post(to, data)
        return answer.status_code, answer.headers.get("Location", ""), answer.content.decode()

    def page(self, address: str) -> str:
        answer = self.browser.get(address)
        assert answer.status_code == 200
        return answer.content.decode()

    def snapshot(self) -> dict[str, Any]:
        return snapshot.read()

    def settle(self) -> int:
        return settle.settle_all(timezone.now())

    def wait_for_calls(self) -> None:
        """Wait until the sandbox has finished each call that the audit has.

        On a busy machine a call may reach its time limit before it is sent.
        """
        written = invariants.calls_in_audit(snapshot.read())
        deadline = time.monotonic() + PATIENCE
        while self.calls() != written and time.monotonic() < deadline:
            time.sleep(0.005)
        assert self.calls() <= written


@pytest.fixture
def office(calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch) -> OfficeHere:
    browser = Browser()
    browser.force_login(staff)
    office = OfficeHere(browser, calcom)
    clocks.follow(monkeypatch.setattr, lambda: office.ahead)
    return office


def inject(office: OfficeHere, action: StaffAction, number: int, fault: Fault) -> int:
    """Inject the fault into this call, and what follows it; return the id of the first."""
    method, route, skip = action.call(number)
    faults = office.calcom.faults
    if fault.then:
        for each, earlier in action.calls_by_route(number).items():
            faults.add(fault.then, route=each, skip=earlier, count=None)
    place = {"method": method, "route": route, "skip": skip}
    return faults.add(fault.kind, when=fault.when, **place, **fault.more)


@contextmanager
def time_limit(monkeypatch: pytest.MonkeyPatch, seconds: float | None) -> Iterator[None]:
    """Limit the time of calls within the block, if a limit is given."""
    with monkeypatch.context() as patch:
        if seconds is not None:
            calcom_client.close_client()  # it keeps the limit that it was made with
            patch.setattr(calcom_client, "CALL_SECONDS", seconds)
        yield
    if seconds is not None:
        calcom_client.close_client()


@pytest.mark.parametrize(("action", "number", "fault"), fault_cases(), ids=name_of)
def test_nothing_is_lost_by_a_fault(
    office: OfficeHere,
    action: StaffAction,
    number: int,
    fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = office.begin(action)
    before, uids = office.mine, dict(Hold.objects.values_list("pk", "reservation_uid"))
    last = max((entry["id"] for entry in snapshot.read()["entries"]), default=0)
    injected = inject(office, action, number, fault)

    with time_limit(monkeypatch, CALL_SECONDS if fault.times_out else None):
        status, location, text = office.send(action.form, ids)

    assert office.calcom.faults.hits(injected) == 1
    outcomes = invariants.outcomes_after(snapshot.read(), last)
    if not action.changes_several:
        assert outcomes[-1]["action"] == action.in_audit
        assert status in action.expected_statuses(outcomes[-1]["outcome"])
    if status == 303:
        hold = ids.get("hold") or Hold.objects.get().pk
        assert location == action.leads_to.format(hold=hold)
    assert invariants.message(text, office.live, office.mine) == []
    if "unknown" in {outcome["outcome"] for outcome in outcomes}:
        assert office.settle() <= 1  # while a slow call may still land
    office.calcom.faults.clear()
    office.wait_for_calls()
    if action.changes_several:
        assert invariants.outcomes_are_true(outcomes, uids, before, office.mine) == []
    else:
        assert invariants.outcome_is_true(action, outcomes[-1], before, office.mine) == []
    assert office.wrong_pages() == []

    office.assert_settles()
    office.assert_nothing_is_left()


def test_each_call_meets_a_fault_and_each_fault_a_call(
    record_property: Callable[[str, object], None],
) -> None:
    cases = fault_cases()
    calls = {(action.name, number) for action, number, _fault in cases}

    assert calls == {
        (action.name, number) for action in ACTIONS for number in action.calls_to_inject
    }
    assert {fault.name for *_call, fault in cases} == {fault.name for fault in FAULTS}
    record_property(
        "summary",
        f"{len(cases)} faults of {len(FAULTS)} kinds at {len(calls)} calls over real HTTP",
    )


class FreezingTransport(httpx.BaseTransport):
    """Freeze before a call, or with its answer, until others have settled everything."""

    def __init__(self, office: OfficeHere, moment: Moment) -> None:
        self.transport, self.office, self.moment = Transport(), office, moment
        self.calls = 0
        self.has_frozen = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += "/slots/reservations" in request.url.path
        at = self.moment.at if self.calls == self.moment.call else ""
        if at == "before":
            self.freeze()
        response = self.transport.handle_request(request)
        if at == "answered":
            body = response.read()
            self.freeze()
            return httpx.Response(response.status_code, headers=response.headers, content=body)
        return response

    def freeze(self) -> None:
        self.calls, self.has_frozen = 1_000, True  # calls of settle go through
        self.office.forward(PAST_ALL_LANDINGS)
        for _time in range(3):
            self.office.settle()

    def close(self) -> None:
        self.transport.close()


@pytest.mark.parametrize(("action", "moment"), FREEZES, ids=name_of)
def test_nothing_is_lost_by_a_process_that_freezes(
    office: OfficeHere, action: StaffAction, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = office.begin(action)
    calcom_client.close_client()
    transport = FreezingTransport(office, moment)
    client = Client(base_url=office.calcom.url, api_key=KEY, transport=transport)
    monkeypatch.setattr(calcom_client, "new_client", lambda: client)

    status, _location, text = office.send(action.form, ids)

    assert transport.has_frozen
    assert status in ({200, 303, 409, 503} if action.changes_several else {303, 409, 503})
    assert invariants.message(text, office.live, office.mine) == []
    office.assert_settles()
