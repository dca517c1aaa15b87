"""Several holds extended in one request from the board: each has a result of its own."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state.models import Upstream
from dashboard.holds import in_turn
from dashboard.holds.models import Hold
from dashboard.pages import board_actions
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.offers import HEADERS
from tests.holds.test_bulk_release import pks, place_several, results
from tests.holds.verbs import MONDAY
from tests.pages.desk import desk

FORM = "application/x-www-form-urlencoded"


def send(user: User, holds: list[Hold], *, headers: Any = None, **form: Any) -> HttpResponse:
    """Send the board's form as it was before these holds changed."""
    versions = {f"version_{hold.pk}": hold.version for hold in holds}
    data = {"hold": pks(holds), "add": 15, **versions, **form}
    return desk(user).post("/extend?tab=mine", data, headers=headers)


def summary(answer: HttpResponse) -> str:
    return str(answer.context["extended"])


def minutes_gained(holds: list[Hold]) -> list[int]:
    """Return by how many minutes each ends later than it did, rounded."""
    now = Hold.objects.in_bulk(pks(holds))
    gains = [(now[hold.pk].held_until, hold.held_until) for hold in holds]
    return [round((after - before) / timedelta(minutes=1)) for after, before in gains]


@HEADERS
def test_all_are_extended_each_with_an_action_of_its_own(
    calcom: Sandbox, staff: User, headers: Any
) -> None:
    holds = place_several(staff, 3)

    answer = send(staff, holds, headers=headers)

    assert answer.status_code == 200
    assert summary(answer) == "Extended: 3 of 3 holds."
    assert [word for word, _sentence in results(answer)] == ["done"] * 3
    assert re.fullmatch(r"Held until [\w :]+ \(Europe/Rome\)\.", results(answer)[0][1])
    assert minutes_gained(holds) == [15, 15, 15]
    entries = AuditEntry.objects.filter(action="extend")
    assert entries.values("request_id").distinct().count() == 1
    assert entries.values("action_id").distinct().count() == 3
    text = answer.content.decode()
    assert text.lstrip().startswith("<section" if headers else "<!doctype")
    assert text.count('id="board"') == 1


def test_second_click_extends_nothing_twice(calcom: Sandbox, staff: User) -> None:
    holds = place_several(staff, 2)
    send(staff, holds)

    again = send(staff, holds)

    assert summary(again) == "Extended: 0 of 2 holds."
    assert minutes_gained(holds) == [15, 15]


def test_failures_come_first_with_what_now(calcom: Sandbox, staff: User, colleague: User) -> None:
    good, gone, changed, full = holds = place_several(staff, 4)
    other = verbs.place(colleague, start=MONDAY + timedelta(days=1))
    calcom.remove_reservations(gone.reservation_uid)
    verbs.extend(staff, full, 120)
    full.refresh_from_db()
    send(staff, [changed])

    answer = send(staff, [*holds, other])

    assert summary(answer) == "Extended: 1 of 5 holds."
    rows = [result["row"].pk for result in answer.context["results"]]
    assert rows == pks([gone, changed, full, other, good])
    sentences = [sentence for _word, sentence in results(answer)]
    assert sentences[0].startswith("This hold has already ended: gone.")
    assert "Hold the time again" in sentences[0]
    assert sentences[1].startswith("The hold was changed after you opened this page.")
    assert "120" in sentences[2]
    assert "highlighted" not in sentences[2]
    assert sentences[3].startswith("This hold belongs to colleague.")
    assert "Extend 1 that" not in answer.content.decode()


def test_what_was_not_done_can_be_tried_again(calcom: Sandbox, staff: User) -> None:
    holds = place_several(staff, 2)
    Upstream.objects.update(
        rate_limit=120,
        rate_remaining=in_turn.KEPT_FOR_OTHERS + 1,
        rate_resets_at=timezone.now() + timedelta(seconds=40),
    )
    calcom.forget_calls()

    answer = send(staff, holds)

    assert calcom.calls() == []
    assert [word for word, _sentence in results(answer)] == ["not done", "not done"]
    assert "Try again in" in results(answer)[0][1]
    text = answer.content.decode()
    form = text[text.index('action="/extend?tab=mine"') : text.index("Extend 2 that were")]
    sent = re.findall(r'name="hold" value="(\S+)"', form)
    assert sent == [
        f"{hold.pk}-{hold.version}" for hold in Hold.objects.in_bulk(pks(holds)).values()
    ]


def test_board_sends_the_versions_that_it_shows(calcom: Sandbox, staff: User) -> None:
    [hold] = place_several(staff, 1)
    text = desk(staff).get("/").content.decode()
    assert f'name="hold" value="{hold.pk}-{hold.version}"' in text
    assert re.search(r'name="add"\s+value="15"\s+formaction="/extend\?tab=everyone"', text)


def test_all_rows_of_a_large_board_can_be_sent(staff: User) -> None:
    pks = range(1_000_000, 1_005_000)
    boxes = {"hold": list(pks)} | {f"version_{pk}": 1 for pk in pks}
    answer = desk(staff).post("/extend", urlencode({**boxes, "add": 15}, doseq=True), FORM)
    assert (answer.status_code, answer["Location"]) == (303, "/")


def test_rest_of_very_many_keeps_the_order_of_the_board(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_actions, "MOST_EXTENDED", 1)
    holds = place_several(staff, 3)[::-1]
    answer = send(staff, holds)
    assert summary(answer) == "Extended: 1 of 1 hold."
    assert answer.context["rest"] == holds[1:]


def test_nothing_selected_leads_back_to_the_board(staff: User) -> None:
    for data in ({"add": "15"}, {"hold": ["x", "999999"], "add": "15"}, {"hold": "1"}):
        answer = desk(staff).post("/extend", data)
        assert (answer.status_code, answer["Location"]) == (303, "/")
