"""One form sent twice is one hold; another form is another."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold, Upstream
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.cast import ALL, CONSULT, LATER, SHORT
from tests.holds.concurrency import at_once
from tests.holds.desk import ask, desk

TOKEN = "2f0c8ad4-5a7e-4a8e-9d58-6c2f9b1f6a11"


def intents() -> int:
    return AuditEntry.objects.filter(action="place", kind="intent").count()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("clicks", [2, 6])
def test_clicks_at_the_same_moment_are_one_hold(calcom: Sandbox, staff: User, clicks: int) -> None:
    calcom.pause = 0.3

    def click() -> HttpResponse:
        return ask(desk(staff), token=TOKEN)

    answers = at_once(*[click] * clicks)

    hold = Hold.objects.get()
    assert [(a.status_code, a["Location"]) for a in answers] == [
        (303, f"/holds/{hold.pk}/")
    ] * clicks
    assert cast.rows(calcom) == [cast.register(hold)]
    assert (len(calcom.calls("POST", ALL)), intents()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_one_token_with_two_event_types_at_once_is_one_hold(calcom: Sandbox, staff: User) -> None:
    """Their turns at asking are of different event types, so that only the token holds them."""
    calcom.pause = 0.3

    answers = at_once(
        lambda: ask(desk(staff), token=TOKEN, event_type_id=CONSULT),
        lambda: ask(desk(staff), token=TOKEN, event_type_id=SHORT, slot_start=LATER.isoformat()),
    )

    hold = Hold.objects.get()
    assert {a["Location"] for a in answers} == {f"/holds/{hold.pk}/"}
    assert cast.rows(calcom) == [cast.register(hold)]
    assert intents() == 1


def test_a_form_sent_again_later_leads_to_the_first_ones_hold(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    first = ask(browser, token=TOKEN)
    cast.release(staff, Hold.objects.get())

    again = ask(browser, token=TOKEN, event_type_id=SHORT)

    assert (again.status_code, again["Location"]) == (303, first["Location"])
    assert Hold.objects.count() == 1
    assert len(calcom.calls("POST", ALL)) == 1


def test_a_form_sent_again_is_not_refused_for_what_came_after(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    first = ask(browser, token=TOKEN)
    resets = timezone.now() + timedelta(minutes=1)
    Upstream.objects.update(rate_limit=120, rate_remaining=0, rate_resets_at=resets)

    again = ask(browser, token=TOKEN)
    another = ask(browser, token=str(uuid.uuid4()))

    assert (again.status_code, again["Location"]) == (303, first["Location"])
    assert another.status_code == 503
    refused = AuditEntry.objects.get(action="place", kind="event")
    assert refused.outcome == "unavailable"


def test_the_page_of_a_refusal_carries_a_fresh_token(calcom: Sandbox, staff: User) -> None:
    calcom.insert_hold(CONSULT, cast.MONDAY)
    browser = desk(staff)

    refused = ask(browser, token=TOKEN)
    fresh = refused.context["form"].data["token"]
    better = ask(browser, token=fresh, slot_start=LATER.isoformat())

    assert refused.status_code == 409
    assert fresh != TOKEN
    assert better["Location"] == f"/holds/{Hold.objects.get(state='held').pk}/"


def test_a_colleagues_equal_token_is_another_form(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    ask(desk(staff), token=TOKEN)
    ask(desk(colleague), token=TOKEN, slot_start=LATER.isoformat())

    assert Hold.objects.filter(state="held").count() == 2
    assert len(calcom.live_rows()) == 2


@pytest.mark.parametrize("token", ["", "x", "0", "\x00", "é" * 40, "9" * 4000, "{}", f"{TOKEN}0"])
def test_a_spoilt_token_is_no_reason_to_refuse(calcom: Sandbox, staff: User, token: str) -> None:
    answer = ask(desk(staff), token=token)

    hold = Hold.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/holds/{hold.pk}/")
    assert hold.form_token is None


def test_scripts_need_no_token(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)

    ask(browser)
    ask(browser, slot_start=LATER.isoformat())

    assert len(calcom.live_rows()) == 2


def test_the_form_of_the_page_brings_a_token_of_its_own(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)

    tokens = [browser.get("/holds/new").context["form"]["token"].value() for _ in range(2)]

    assert len({uuid.UUID(str(token)) for token in tokens}) == 2
