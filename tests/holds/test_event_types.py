"""Event types are read through a cache."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.core.cache import cache
from django.utils import timezone
from django.utils.html import escape

from dashboard.accounts.models import User
from dashboard.calcom import Cause, Client, EventType
from dashboard.holds import calcom_client, clock, event_types, rate_and_clock
from dashboard.holds.models import FreeTimes
from dashboard.sandbox import Sandbox
from tests.future_dates import day
from tests.holds.verbs import CONSULT, KEY, SHORT
from tests.pages.desk import desk

pytestmark = pytest.mark.django_db
BAD_KEY = "cal_unknown0123456789"


def listed() -> tuple[EventType, ...]:
    """Return the event types that the key may list. Empty where none are known."""
    known = event_types.listing().value
    return known.entries if known else ()


@pytest.fixture
def expire_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only the last answer outlive a request."""
    monkeypatch.setattr(event_types, "ANSWER_KEPT", 0)
    monkeypatch.setattr(event_types, "FAILURE_KEPT", 0)


@pytest.mark.usefixtures("expire_at_once")
@pytest.mark.parametrize("fault", ["500", "429", "drop"])
def test_last_answer_is_used_while_cal_com_does_not_answer(calcom: Sandbox, fault: str) -> None:
    whole, one = listed(), event_types.event_type(CONSULT)
    calcom.faults.add(fault, method="GET", count=None)
    assert listed() == whole != ()
    assert event_types.event_type(CONSULT) == one is not None


@pytest.mark.usefixtures("expire_at_once")
def test_last_answer_is_dropped_once_cal_com_refuses(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_types, "cache_key", lambda name: name.replace("999", str(CONSULT)))
    assert event_types.event_type(CONSULT) is not None
    assert event_types.event_type(999) is None
    calcom.faults.add("500", method="GET", count=None)
    assert event_types.event_type(CONSULT) is None


@pytest.mark.parametrize("fault", ["500", None])
def test_nothing_is_kept_longer_after_our_clock_was_set_back(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: str | None
) -> None:
    if fault:
        calcom.faults.add(fault, method="GET", count=1)
    event_types.listing()
    calcom.forget_calls()
    ticks, seconds = clock.ticks, time.time
    monkeypatch.setattr(clock, "ticks", lambda: ticks() + event_types.ANSWER_KEPT)
    monkeypatch.setattr(time, "time", lambda: seconds() - 3 * 3600)

    assert listed() != ()
    assert len(calcom.calls()) == 1


def test_failure_is_kept_for_a_moment(calcom: Sandbox) -> None:
    calcom.faults.add("500", method="GET", count=1)
    found = [event_types.listing() for _ in range(3)]
    assert found == [event_types.Known(None, Cause.SERVER_FAULT)] * 3
    assert len(calcom.calls()) == 1


def test_mended_key_is_noticed_at_once(calcom: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with Client(base_url=calcom.url, api_key=BAD_KEY) as client:
        monkeypatch.setattr(calcom_client, "client", lambda: client)
        assert event_types.listing() == event_types.Known(None, Cause.KEY_REJECTED)
        monkeypatch.undo()
    assert event_types.listing().cause == ""
    assert listed() != ()


def test_end_of_a_block_is_noticed_at_once(calcom: Sandbox) -> None:
    upstream = rate_and_clock.load()
    now = timezone.now()
    upstream.learn(blocked_until=now + timedelta(seconds=60))
    rate_and_clock.save(upstream)
    assert event_types.listing() == event_types.Known(None, Cause.RATE_LIMITED)
    upstream.learn(blocked_until=now)
    rate_and_clock.save(upstream)
    assert event_types.listing().cause == ""


WRONG = {
    "key": {"CALCOM_API_KEY": BAD_KEY},
    "route": {"CALCOM_API_URL": "{}/elsewhere"},
    "server": {"CALCOM_API_URL": "http://127.0.0.1:9"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_start_with_good_settings_forgets_failures_of_bad_ones(
    calcom: Sandbox, staff: User, settings: Any, wrong: str
) -> None:
    page = f"/holds/new?event_type_id={CONSULT}&day={day(0)}"
    good = {name: getattr(settings, name) for name in WRONG[wrong]}
    for name, value in WRONG[wrong].items():
        setattr(settings, name, value.format(calcom.url))
    assert desk(staff).get(page).context["picker"].grid.trouble["happened"]
    upstream = rate_and_clock.load()
    upstream.learn(blocked_until=timezone.now() + timedelta(seconds=60))
    rate_and_clock.save(upstream)

    for name, value in good.items():
        setattr(settings, name, value)
    picker = desk(staff).get(page).context["picker"]

    assert (picker.grid.trouble, picker.notes) == (None, ())
    assert picker.grid.free > 0


class Spoiling(httpx.BaseTransport):
    """Make one event type and two slots of each answer unreadable."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        content = json.loads(response.read())
        if request.url.path == "/v2/event-types":
            content["data"][0] |= {"lengthInMinutes": None}
        if request.url.path == "/v2/slots":
            slots = content["data"][str(day(0))]
            slots[0], slots[2]["start"] = None, 7
        return httpx.Response(response.status_code, json=content)

    def close(self) -> None:
        self.inner.close()


def test_odd_entries_are_left_out_and_counted(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = listed()
    page = f"/holds/new?event_type_id={SHORT}&day={day(0)}"
    free = desk(staff).get(page).context["picker"].grid.free
    cache.clear()
    FreeTimes.objects.all().delete()
    with Client(base_url=calcom.url, api_key=KEY, transport=Spoiling()) as client:
        monkeypatch.setattr(calcom_client, "client", lambda: client)
        answer = desk(staff).get(page)
        again = desk(staff).get(page)  # from what is stored

    said = ("1 event type could not be read.", "2 times could not be read.")
    for each in (answer, again):
        assert each.context["picker"].notes == said
        assert each.context["picker"].grid.free == free - 2
        assert [text in each.content.decode() for text in said] == [True, True]
    assert len(listed()) == len(whole) - 1


def test_list_that_cannot_be_read_is_said_so(calcom: Sandbox, staff: User) -> None:
    calcom.faults.add("500", route="/v2/event-types", count=None)
    answer = desk(staff).get("/holds/new")
    said = "cal.com's server answered with an error."
    assert answer.context["picker"].notes[0] == said
    assert escape(said) in answer.content.decode()
