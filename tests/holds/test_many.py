"""Several holds released in one request: a result for each, whatever became of the others."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds import bulk_release
from dashboard.holds.models import Hold, Upstream
from dashboard.sandbox import Sandbox
from tests.future_dates import named
from tests.holds import cast
from tests.holds.cast import MONDAY
from tests.holds.desk import desk

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"HX-Request": "true"}
HEADERS = pytest.mark.parametrize("headers", [None, HTMX], ids=["plain", "htmx"])


def several(user: User, count: int = 3) -> list[Hold]:
    return [cast.place(user, start=MONDAY + timedelta(hours=2 * n)) for n in range(count)]


def pks(holds: list[Hold]) -> list[int]:
    return [hold.pk for hold in holds]


def states(holds: list[Hold]) -> list[str]:
    return [Hold.objects.get(pk=hold.pk).state for hold in holds]


def release(user: User, holds: list[Hold], **more: Any) -> list[bulk_release.Row]:
    return bulk_release.release(
        hold_ids=pks(holds), by=cast.acting(user), now=timezone.now(), **more
    )


def endings(rows: list[bulk_release.Row]) -> list[str]:
    return [str(row.ending) for row in rows]


def send(user: User, holds: list[Hold], *, headers: Any = None, **form: Any) -> HttpResponse:
    return desk(user).post("/release", {"hold": pks(holds), **form}, headers=headers)


def said(answer: HttpResponse) -> list[tuple[str, str]]:
    return [(result["word"], result["sentence"]) for result in answer.context["results"]]


def test_what_was_chosen_on_the_board_is_shown_before_anything_is_released(
    calcom: Sandbox, staff: User
) -> None:
    holds = several(staff, 2)
    address = f"/release?hold={holds[0].pk}&hold={holds[1].pk}"

    plain, htmx = send(staff, holds), send(staff, holds, headers=HTMX)

    assert (plain.status_code, plain["Location"]) == (303, address)
    assert (htmx.status_code, htmx["HX-Redirect"]) == (200, address)
    page = desk(staff).get(address)
    assert [row.client for row in page.context["rows"]] == ["Grace", "Grace"]
    assert re.findall(r'name="hold" value="(\d+)" checked', page.content.decode()) == [
        str(hold.pk) for hold in holds
    ]
    assert named(0) in page.content.decode()
    assert states(holds) == ["held", "held"]
    assert calcom.calls("DELETE") == []


@HEADERS
def test_each_is_released_with_the_reason_under_one_request(
    calcom: Sandbox, staff: User, headers: Any
) -> None:
    holds = several(staff)

    answer = send(
        staff, holds, sure="yes", reason="client_rang_off", note="all of them", headers=headers
    )

    assert answer.status_code == 200
    assert said(answer) == [("done", "Released: the time is free again.")] * 3
    assert states(holds) == ["released"] * 3
    assert cast.rows(calcom) == []
    kept = Hold.objects.filter(pk__in=pks(holds)).values_list("end_reason", "end_note")
    assert set(kept) == {("client_rang_off", "all of them")}
    entries = AuditEntry.objects.filter(action="release")
    assert entries.values("request_id").distinct().count() == 1
    assert entries.values("action_id").distinct().count() == 3
    assert answer.content.decode().count('id="many"') == 1
    assert answer.content.decode().startswith("<section" if headers else "<!doctype")


def test_every_end_is_told_in_its_own_row(calcom: Sandbox, staff: User, colleague: User) -> None:
    _free, before, gone, moved, _dropped = holds = several(staff, 5)
    theirs = cast.place(colleague, start=MONDAY + timedelta(days=1))
    cast.release(staff, before)
    [uid] = [uid for _type, start, uid in cast.rows(calcom) if start == gone.slot_start]
    calcom.remove_holds(uid)
    versions = {f"version_{moved.pk}": Hold.objects.get(pk=moved.pk).version - 1}
    calcom.faults.add("drop", when="before", method="DELETE", skip=1, count=None)

    answer = send(staff, [*holds, theirs], sure="yes", **versions)

    assert [word for word, _sentence in said(answer)] == [
        "done",
        "done",
        "done",
        "refused",
        "unknown",
        "refused",
    ]
    sentences = [sentence for _word, sentence in said(answer)]
    assert sentences[1] == "It was already released."
    assert sentences[2] == "cal.com no longer had it: there was nothing to release."
    assert sentences[3].startswith("The hold was changed after you opened this page.")
    assert re.search(r"Unknown until \d\d:\d\d:\d\d \(Europe/Rome\) at the latest", sentences[4])
    assert sentences[5].startswith("This hold belongs to colleague.")
    assert states([*holds, theirs]) == ["released", "released", "gone", "held", "held", "held"]


def test_what_the_rate_does_not_cover_is_not_done_and_says_how_long_to_wait(
    calcom: Sandbox, staff: User
) -> None:
    holds = several(staff, 1)
    Upstream.objects.update(
        rate_limit=120,
        rate_remaining=bulk_release.KEPT_FOR_OTHERS + 1,
        rate_resets_at=timezone.now() + timedelta(seconds=40),
    )
    calcom.forget_calls()

    [row] = release(staff, holds)

    assert (str(row.ending), states(holds), calcom.calls()) == ("not_done", ["held"], [])
    assert row.error is not None
    assert row.error.problem.wait in (39, 40)
    assert AuditEntry.objects.filter(hold=holds[0]).latest("id").outcome == "unavailable"


def test_the_rest_can_be_tried_again_from_the_answer(calcom: Sandbox, staff: User) -> None:
    holds = several(staff, 2)
    calcom.faults.add("429", method="GET", seconds=30)

    answer = send(staff, holds, sure="yes")

    assert [word for word, _ in said(answer)] == ["not done", "not done"]
    assert f'href="/release?hold={holds[0].pk}&amp;hold={holds[1].pk}"' in answer.content.decode()
    assert "Try again in" in said(answer)[1][1]
    assert states(holds) == ["held", "held"]


def test_a_slow_cal_com_does_not_keep_the_page_waiting_for_ever(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_release, "LASTS", 0.2)
    holds = several(staff)
    calcom.faults.add("delay", method="DELETE", seconds=0.3)

    rows = release(staff, holds)

    assert endings(rows) == ["released", "not_done", "not_done"]
    assert rows[2].error is not None
    assert rows[2].error.cause == "no_time"


def test_a_form_sent_twice_does_no_harm(calcom: Sandbox, staff: User) -> None:
    holds = several(staff, 2)
    send(staff, holds, sure="yes")
    calls = len(calcom.calls("DELETE"))

    again = send(staff, holds, sure="yes")

    assert said(again) == [("done", "It was already released.")] * 2
    assert len(calcom.calls("DELETE")) == calls


def test_what_is_not_ones_own_is_shown_and_cannot_be_ticked(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    mine, theirs = cast.place(staff), cast.place(colleague, start=cast.LATER)

    page = desk(staff).get("/release", {"hold": [mine.pk, theirs.pk]}).content.decode()

    assert re.findall(r'type="checkbox"[^>]*value="(\d+)"', page) == [str(mine.pk)]
    assert "There is nothing here for you to release." in page


@pytest.mark.parametrize("hold", [[], ["x"], ["-1"], ["999999"], ["9" * 40], ["1 OR 1=1"]])
def test_nothing_chosen_leads_back_to_the_board(
    calcom: Sandbox, staff: User, hold: list[str]
) -> None:
    browser = desk(staff)

    for answer in (
        browser.post("/release", {"hold": hold, "sure": "yes"}),
        browser.get("/release", {"hold": hold}),
    ):
        assert (answer.status_code, answer["Location"]) == (303, "/")


def test_a_note_that_is_too_long_keeps_the_choice(calcom: Sandbox, staff: User) -> None:
    holds = several(staff, 2)

    answer = send(staff, holds, sure="yes", note="n" * 501)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["note"]
    assert [row.pk for row in answer.context["rows"]] == pks(holds)
    assert states(holds) == ["held", "held"]
