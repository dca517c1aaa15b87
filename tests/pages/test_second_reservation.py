"""A round robin hold whose change stays unanswered: what is not known, of which reservation."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.localization import local_times
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.verbs import LATER, MONDAY, ROUND_ROBIN, SHORT
from tests.pages.desk import markup

pytestmark = pytest.mark.slow  # details of a page: the fast lane has the contract

EXTEND = ("extend", {"reservation_duration": "30"}, MONDAY, ROUND_ROBIN)
MOVE = ("move", {"slot_start": LATER.isoformat()}, LATER, ROUND_ROBIN)
OTHER_TYPE = (
    "move",
    {"slot_start": LATER.isoformat(), "event_type_id": str(SHORT)},
    LATER,
    SHORT,
)


@pytest.mark.parametrize("landed", ["before", "after"])
@pytest.mark.parametrize(("verb", "asked", "start", "event_type"), [EXTEND, MOVE, OTHER_TYPE])
def test_page_names_the_second_reservation_that_is_not_known(  # noqa: PLR0917
    browser: Client,
    calcom: Sandbox,
    staff: User,
    verb: str,
    asked: dict[str, Any],
    start: Any,
    event_type: int,
    landed: str,
) -> None:
    hold = verbs.place(staff, event_type=ROUND_ROBIN)
    calcom.faults.add("drop", when=landed, method="POST")

    answer = browser.post(f"/holds/{hold.pk}/{verb}", asked)

    assert (answer.status_code, answer["Location"]) == (303, f"/holds/{hold.pk}/")
    second = Hold.objects.get(stands_in_for=hold)
    assert (second.state, second.slot_start, second.event_type_id) == (
        "unconfirmed",
        start,
        event_type,
    )
    page = browser.get(answer["Location"])
    [(row, sentence)] = page.context["second_reservations"]
    assert (row.pk, row.url) == (second.pk, f"/holds/{second.pk}/")
    assert second.latest_end is not None
    assert local_times.when(second.latest_end) in sentence
    text = markup(page)
    assert sentence in text
    assert text.count("A second reservation may stand at cal.com beside it") == 1
    assert f'<a href="{row.url}">{row.slot_day}<b>{row.slot_time}</b></a>' in text
    # The hold itself is known to stand.
    assert page.context["row"].state == "held"
    of_second = markup(browser.get(row.url))
    assert f'Made to replace<a href="/holds/{hold.pk}/">another hold</a>' in of_second
    assert "Nothing is recorded about this hold." not in of_second
