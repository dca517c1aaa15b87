"""Event types are asked for once, and stored for all."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone
from django.utils.html import escape

from dashboard.accounts.models import User
from dashboard.calcom import Cause, Client, EventType, endpoints
from dashboard.calcom_state import calcom_client, event_types, rate_and_clock, shared_answers
from dashboard.calcom_state.models import StoredAnswer
from dashboard.calcom_state.shared_answers import UNDER_WAY, LastAnswer
from dashboard.sandbox import Sandbox
from tests.edge.test_unwritable import unwritable
from tests.future_dates import day
from tests.holds.clocks import SetClock
from tests.holds.concurrency import at_once
from tests.holds.verbs import CONSULT, EVENT_TYPE, KEY, SHORT
from tests.pages.desk import desk

pytestmark = pytest.mark.django_db
LIST = "/v2/event-types"
BAD_KEY = "cal_unknown0123456789"


def listed() -> tuple[EventType, ...]:
    """Return the event types that the key may list. Empty where none are known."""
    known = event_types.listing().value
    return known.entries if known else ()


def why(known: LastAnswer[Any]) -> str:
    """Return why there is no answer."""
    assert known.value is None
    return known.cause


@pytest.fixture
def expire_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only the last answer outlive a request."""
    monkeypatch.setattr(event_types, "FRESH_FOR", timedelta())
    for name in ("FAILURE_KEPT", "BRIEF"):
        monkeypatch.setattr(shared_answers, name, timedelta())


@pytest.mark.usefixtures("expire_at_once")
@pytest.mark.parametrize("fault", ["500", "429", "drop"])
def test_last_answer_is_used_while_cal_com_does_not_answer(calcom: Sandbox, fault: str) -> None:
    whole, one = listed(), event_types.event_type(CONSULT)
    calcom.faults.add(fault, method="GET", count=None)
    assert listed() == whole != ()
    assert event_types.event_type(CONSULT) == one is not None


@pytest.mark.usefixtures("expire_at_once")
def test_last_answer_is_dropped_once_cal_com_refuses(calcom: Sandbox) -> None:
    assert event_types.event_type(CONSULT) is not None
    StoredAnswer.objects.update(name="999")  # that cal.com does not know
    assert event_types.event_type(999) is None
    calcom.faults.add("500", method="GET", count=None)
    assert event_types.event_type(999) is None


@pytest.mark.parametrize("fault", ["500", None])
@pytest.mark.parametrize("days", [-1, 1])
def test_nothing_is_kept_longer_after_our_clock_was_set(
    calcom: Sandbox, our_clock: SetClock, fault: str | None, days: int
) -> None:
    if fault:
        calcom.faults.add(fault, method="GET", count=1)
    event_types.listing()
    calcom.forget_calls()
    our_clock.ahead = timedelta(days=days)

    assert [len(listed()) > 0, len(listed()) > 0] == [True, True]
    assert len(calcom.calls()) == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_cause_one_call(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_answers, "PATIENCE", 60)
    calcom.faults.add("delay", method="GET", seconds=0.3)
    found = at_once(*[lambda: event_types.event_type(CONSULT)] * 8)
    assert found == [event_types.event_type(CONSULT)] * 8
    assert found[0] is not None
    assert len(calcom.calls()) == 1


def test_question_under_way_is_waited_for_and_told(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_answers, "PATIENCE", 0.1)
    source, now = calcom_client.source_digest(), timezone.now()
    later = {"answered_at": now + timedelta(days=1)}  # on a clock that was set back since
    for name, earlier in {"all": {}, "1": later}.items():
        StoredAnswer.objects.create(
            source=source, name=name, asked_at=now, is_under_way=True, **earlier
        )
    again = event_types.answer("1", endpoints.event_types(), dict)
    assert [why(event_types.listing()), why(again)] == [UNDER_WAY] * 2
    assert calcom.calls() == []


def test_question_of_a_killed_process_is_asked_again(calcom: Sandbox) -> None:
    asked_at = timezone.now() - shared_answers.FAILURE_KEPT
    source = calcom_client.source_digest()
    StoredAnswer.objects.create(source=source, name="all", asked_at=asked_at, is_under_way=True)
    assert listed() != ()


@pytest.mark.django_db(transaction=True)
def test_database_that_takes_no_writes_can_be_read(calcom: Sandbox) -> None:
    whole = listed()
    with unwritable():
        stored, asked = listed(), event_types.event_type(CONSULT)
    assert (stored, asked) == (whole, event_types.event_type(CONSULT))
    assert asked is not None
    # What could not be stored is asked for again.
    assert [call.route for call in calcom.calls()] == [LIST, EVENT_TYPE, EVENT_TYPE]


def test_failure_is_kept_for_a_moment(calcom: Sandbox) -> None:
    calcom.faults.add("500", method="GET", count=1)
    found = [why(event_types.listing()) for _ in range(3)]
    assert found == [Cause.SERVER_FAULT] * 3
    assert len(calcom.calls()) == 1


@pytest.mark.parametrize("ends", ["blocked_until", "rate_resets_at"])
def test_end_of_a_block_is_noticed_at_once(calcom: Sandbox, ends: str) -> None:
    upstream = rate_and_clock.load()
    now = timezone.now()
    upstream.learn(rate_limit=120, rate_remaining=0, **{ends: now + timedelta(seconds=60)})
    rate_and_clock.save(upstream)
    assert why(event_types.listing()) == Cause.RATE_LIMITED
    upstream.learn(**{ends: now})
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
        self.inner = httpx.HTTPTransport(verify=False)

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
    StoredAnswer.objects.all().delete()
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


def test_answer_of_another_release_is_asked_for_anew(calcom: Sandbox) -> None:
    whole = listed()
    row = StoredAnswer.objects.get(name="all")
    row.value["entries"][0]["unheard_of"] = 1
    row.save()
    calcom.forget_calls()
    assert listed() == whole != ()
    assert listed() == whole
    assert len(calcom.calls()) == 1


def test_row_that_is_deleted_for_its_age_meanwhile_is_asked_for(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, rows_of = listed(), shared_answers.rows_of

    def old_rows(names: set[str], now: datetime) -> dict[str, StoredAnswer]:
        StoredAnswer.objects.update(asked_at=now - timedelta(hours=2))
        rows = rows_of(names, now)
        StoredAnswer.objects.all().delete()
        return rows

    monkeypatch.setattr(shared_answers, "rows_of", old_rows)
    assert listed() == whole != ()


def test_title_that_a_database_refuses_is_stored_without(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = endpoints.event_type(event_type_id=CONSULT)
    answer = calcom_client.client().answer_to(call)
    odd = replace(answer, value=replace(answer.value, title="a\0b\ud800c"))
    monkeypatch.setattr(calcom_client.client(), "answer_to", lambda _: odd)
    known = event_types.answer("7", call, event_types.event_type_from_json)
    assert known.value == replace(answer.value, title="abc")
    assert StoredAnswer.objects.get(name="7").value["title"] == "abc"
