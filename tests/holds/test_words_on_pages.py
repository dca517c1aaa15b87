"""Where the words of an outcome stand on a page, and with which status it is answered."""

from __future__ import annotations

import re

import pytest

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.future_dates import named
from tests.holds import cast
from tests.holds.cast import ALL, NO_HOSTS, ONE, STRANGERS
from tests.holds.desk import ask, desk


def test_a_refusal_is_shown_beside_its_field(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    answers = [
        ask(browser, event_type_id=STRANGERS),
        ask(browser, event_type_id=999_999),
        ask(browser, event_type_id=NO_HOSTS),
        ask(browser, slot_duration=30),
        ask(browser, reservation_duration=121),
        ask(browser, slot_start="2020-01-13T09:00Z"),
    ]

    beside = [(a.status_code, list(a.context["form"].errors)) for a in answers]
    assert beside == [
        (422, ["event_type_id"]),
        (422, ["event_type_id"]),
        (422, ["event_type_id"]),
        (422, ["slot_duration"]),
        (422, ["reservation_duration"]),
        (422, ["slot_start"]),
    ]
    assert all(a.context["form"]["client_name"].value() == "Grace" for a in answers)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("429", 503),
        ("stranger", 409),
        ("stranger-books", 409),
        ("500", 303),
        ("502", 303),
        ("truncated", 303),
        ("drop", 303),
    ],
)
def test_statuses_of_a_place(calcom: Sandbox, staff: User, kind: str, status: int) -> None:
    calcom.faults.add(kind, method="POST", route=ALL)

    answer = ask(desk(staff))

    assert answer.status_code == status
    if status == 303:
        assert answer["Location"] == f"/holds/{Hold.objects.get().pk}/"
        page = desk(staff).get(answer["Location"]).content.decode()
        assert re.search(
            r"The time may be held at cal.com, until \d\d:\d\d:\d\d \(Europe/Rome\) at the latest",
            page,
        )


def test_a_full_hour_says_how_long_to_wait(calcom: Sandbox, staff: User) -> None:
    calcom.faults.add("429", method="POST", route=ALL, seconds=37)

    answer = ask(desk(staff))

    assert (answer.status_code, answer["Retry-After"]) == (503, "37")


def test_a_hold_that_was_not_released_is_unchanged(calcom: Sandbox, staff: User) -> None:
    held = cast.place(staff)
    calcom.faults.add("429", method="DELETE", route=ONE, seconds=20)

    answer = desk(staff).post(f"/holds/{held.pk}/release", {"reason": "mistake"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "20")
    assert f"The hold is unchanged: {named(0)} 10:00–11:00 is held until" in (
        answer.content.decode()
    )
    kept = Hold.objects.get(pk=held.pk)
    assert (kept.state, kept.change, kept.end_reason, kept.end_note) == ("held", None, "", "")
