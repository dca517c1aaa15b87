"""A form sent twice makes one hold; its token tells it from other forms."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state.models import Upstream
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.concurrency import at_once
from tests.holds.observe import at_cal_com, in_register
from tests.holds.verbs import ALL, CONSULT, LATER, MONDAY, SHORT, VARIABLE
from tests.pages.desk import ask, desk

pytestmark = pytest.mark.slow  # details of verbs: the fast lane has test_verbs

TOKEN = "2f0c8ad4-5a7e-4a8e-9d58-6c2f9b1f6a11"


def intents() -> int:
    return AuditEntry.objects.filter(action="place", kind="intent").count()


@pytest.mark.django_db(transaction=True)
def test_concurrent_clicks_make_one_hold(calcom: Sandbox, staff: User) -> None:
    calcom.faults.add("delay", when="between", method="POST", seconds=0.3, count=None)

    def click() -> HttpResponse:
        return ask(desk(staff), token=TOKEN)

    answers = at_once(*[click] * 6)

    hold = Hold.objects.get()
    assert [(a.status_code, a["Location"]) for a in answers] == [(303, f"/holds/{hold.pk}/")] * 6
    assert at_cal_com(calcom) == in_register(hold)
    assert (len(calcom.calls("POST", ALL)), intents()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_one_token_with_two_event_types_makes_one_hold(calcom: Sandbox, staff: User) -> None:
    """Slots of two event types are not guarded against each other, so only the token is left."""
    calcom.faults.add("delay", when="between", method="POST", seconds=0.3, count=None)

    answers = at_once(
        lambda: ask(desk(staff), token=TOKEN, event_type_id=CONSULT),
        lambda: ask(desk(staff), token=TOKEN, event_type_id=SHORT, slot_start=LATER.isoformat()),
    )

    hold = Hold.objects.get()
    assert {answer["Location"] for answer in answers} == {f"/holds/{hold.pk}/"}
    assert at_cal_com(calcom) == in_register(hold)
    assert intents() == 1


def test_token_of_a_colleague_is_no_answer_to_a_refused_form(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    first = ask(desk(staff), token=TOKEN)
    past = (timezone.now() - timedelta(days=1)).isoformat()

    again, refused = (ask(desk(by), token=TOKEN, slot_start=past) for by in (staff, colleague))

    assert again["Location"] == first["Location"]
    assert refused.status_code == 422


def test_repeated_form_leads_to_its_first_hold(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    sent = {"token": TOKEN, "event_type_id": VARIABLE, "slot_duration": 30}
    first = ask(browser, **sent)
    verbs.release(staff, Hold.objects.get())

    again = ask(browser, **sent)
    longer = ask(browser, **sent | {"slot_duration": 60})
    other = ask(browser, **sent | {"event_type_id": SHORT})

    for answer in (again, longer, other):
        assert (answer.status_code, answer["Location"]) == (303, first["Location"])
    answers = (first, again, longer, other)  # no page shows the messages, so they add up
    told = [len(get_messages(answer.wsgi_request)) for answer in answers]
    assert told == [0, 0, 1, 2]
    assert Hold.objects.count() == 1
    assert len(calcom.calls("POST", ALL)) == 1


def test_repeated_form_is_not_refused_for_the_rate(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    first = ask(browser, token=TOKEN)
    resets_at = timezone.now() + timedelta(minutes=1)
    Upstream.objects.update(rate_limit=120, rate_remaining=0, rate_resets_at=resets_at)

    again = ask(browser, token=TOKEN)
    another = ask(browser, token=str(uuid.uuid4()))

    assert (again.status_code, again["Location"]) == (303, first["Location"])
    assert another.status_code == 503
    refusal = AuditEntry.objects.get(action="place", kind="event")
    assert refusal.outcome == "unavailable"


def test_refused_form_has_a_new_token(calcom: Sandbox, staff: User) -> None:
    calcom.insert_reservation(CONSULT, MONDAY)
    browser = desk(staff)

    refused = ask(browser, token=TOKEN)
    token = refused.context["form"].data["token"]
    second = ask(browser, token=token, slot_start=LATER.isoformat())

    assert refused.status_code == 409
    assert token != TOKEN
    assert second["Location"] == f"/holds/{Hold.objects.get(state='held').pk}/"


def test_missing_or_invalid_token_is_ignored(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    tokens = ["", "x", "0", "\x00", "é" * 40, "9" * 4000, "{}", f"{TOKEN}0"]

    answers = [
        ask(browser, token=token, slot_start=(MONDAY + timedelta(hours=number)).isoformat())
        for number, token in enumerate(tokens)
    ]
    answers.append(ask(browser, slot_start=(MONDAY + timedelta(days=1)).isoformat()))

    placed = Hold.objects.order_by("pk")
    assert [(a.status_code, a["Location"]) for a in answers] == [
        (303, f"/holds/{hold.pk}/") for hold in placed
    ]
    assert {hold.form_token for hold in placed} == {None}
    assert at_cal_com(calcom) == in_register(*placed)


def test_each_form_has_a_token_of_its_own(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)

    tokens = [browser.get("/holds/new").context["form"]["token"].value() for _ in range(2)]

    assert len({uuid.UUID(str(token)) for token in tokens}) == 2
