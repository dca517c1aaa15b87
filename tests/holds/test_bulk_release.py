"""Several holds released in one request: each has a result of its own."""

import itertools
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state import calcom_client, clock, rate_and_clock
from dashboard.calcom_state.models import Upstream
from dashboard.holds import in_turn, services
from dashboard.holds.change import Change, Phase
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.future_dates import named
from tests.holds import verbs
from tests.holds.observe import at_cal_com, states
from tests.holds.offers import HEADERS, HTMX
from tests.holds.verbs import LATER, MONDAY
from tests.pages.desk import desk


def place_several(user: User, count: int) -> list[Hold]:
    return [verbs.place(user, start=MONDAY + timedelta(hours=2 * n)) for n in range(count)]


def pks(holds: list[Hold]) -> list[int]:
    return [hold.pk for hold in holds]


def release_many(user: User, holds: list[Hold]) -> list[in_turn.ChangeResult]:
    return services.release_many(hold_ids=pks(holds), by=acting(user), now=timezone.now())


def send(user: User, holds: list[Hold], *, headers: Any = None, **form: Any) -> HttpResponse:
    return desk(user).post("/release", {"hold": pks(holds), **form}, headers=headers)


def results(answer: HttpResponse) -> list[tuple[str, str]]:
    return [(result["word"], result["sentence"]) for result in answer.context["results"]]


def test_selection_is_shown_before_anything_is_released(calcom: Sandbox, staff: User) -> None:
    holds = place_several(staff, 2)
    address = f"/release?hold={holds[0].pk}.{holds[1].pk}"

    plain, htmx = send(staff, holds), send(staff, holds, headers=HTMX)

    assert (plain.status_code, plain["Location"]) == (303, address)
    assert (htmx.status_code, htmx["HX-Redirect"]) == (200, address)
    page = desk(staff).get(address)
    text = page.content.decode()
    assert [row.client for row in page.context["rows"]] == ["Grace", "Grace"]
    assert re.findall(r'name="hold"\s+value="(\d+)"\s+checked', text) == [
        str(hold.pk) for hold in holds
    ]
    assert named(0) in text
    assert states(*holds) == ["held", "held"]
    assert calcom.calls("DELETE") == []


def test_selection_is_shown_after_what_was_left_open_is_finished(
    calcom: Sandbox, staff: User
) -> None:
    ran_out, interrupted = place_several(staff, 2)
    Hold.objects.filter(pk=ran_out.pk).update(held_until=timezone.now() - timedelta(minutes=1))
    slot = interrupted.slot_hold()
    left = Change("release", Phase.DELETING, slot, slot, slot.held_until)
    Hold.objects.filter(pk=interrupted.pk).update(change=left.to_json())

    page = desk(staff).get(f"/release?hold={ran_out.pk}.{interrupted.pk}")

    assert [row.state for row in page.context["rows"]] == ["expired", "released"]


@HEADERS
def test_all_are_released_with_one_reason(calcom: Sandbox, staff: User, headers: Any) -> None:
    holds = place_several(staff, 3)
    form = {"sure": "yes", "reason": "client_rang_off", "note": "all of them"}

    answer = send(staff, holds, headers=headers, **form)

    assert answer.status_code == 200
    assert results(answer) == [("done", "Released: cal.com no longer keeps this hold.")] * 3
    assert states(*holds) == ["released"] * 3
    assert at_cal_com(calcom) == []
    reasons = Hold.objects.values_list("end_reason", "end_note")
    assert list(reasons) == [("client_rang_off", "all of them")] * 3
    entries = AuditEntry.objects.filter(action="release")
    assert entries.values("request_id").distinct().count() == 1
    assert entries.values("action_id").distinct().count() == 3
    assert answer.content.decode().count('id="many"') == 1
    assert answer.content.decode().lstrip().startswith("<section" if headers else "<!doctype")


def test_each_result_is_a_row_of_the_answer(calcom: Sandbox, staff: User, colleague: User) -> None:
    _free, earlier, gone, changed, _dropped = holds = place_several(staff, 5)
    other = verbs.place(colleague, start=MONDAY + timedelta(days=1))
    verbs.release(staff, earlier)
    calcom.remove_reservations(gone.reservation_uid)
    versions = {f"version_{changed.pk}": Hold.objects.get(pk=changed.pk).version - 1}
    calcom.faults.add("drop", when="before", method="DELETE", skip=2, count=None)

    answer = send(staff, [*holds, other], sure="yes", **versions)

    assert [word for word, _sentence in results(answer)] == [
        "done",
        "done",
        "done",
        "refused",
        "unknown",
        "refused",
    ]
    sentences = [sentence for _word, sentence in results(answer)]
    assert sentences[1] == "It had already ended: released."
    assert sentences[2] == "cal.com no longer had this hold: there was nothing to release."
    assert sentences[3].startswith("The hold was changed after you opened this page.")
    assert re.search(r"no answer about it since [\w :]+ \(Europe/Rome\)", sentences[4])
    assert sentences[5].startswith("This hold belongs to colleague.")
    assert states(*holds, other) == ["released", "released", "gone", "held", "held", "held"]


def test_calls_are_left_for_others(calcom: Sandbox, staff: User) -> None:
    holds = place_several(staff, 1)
    Upstream.objects.update(
        rate_limit=120,
        rate_remaining=in_turn.KEPT_FOR_OTHERS + 1,
        rate_resets_at=timezone.now() + timedelta(seconds=40),
    )
    calcom.forget_calls()

    [result] = release_many(staff, holds)

    assert result.error is not None
    assert (result.error.outcome, states(*holds)) == ("unavailable", ["held"])
    assert calcom.calls() == []
    assert result.error.wait in range(1, 41)
    assert AuditEntry.objects.filter(hold=holds[0]).latest("id").outcome == "unavailable"


def test_failed_releases_can_be_repeated_from_the_answer(calcom: Sandbox, staff: User) -> None:
    holds = place_several(staff, 2)
    calcom.faults.add("429", method="GET", seconds=30)

    answer = send(staff, holds, sure="yes")

    assert [word for word, _ in results(answer)] == ["not done", "not done"]
    assert f'href="/release?hold={holds[0].pk}.{holds[1].pk}"' in answer.content.decode()
    assert "Try again in" in results(answer)[1][1]
    assert states(*holds) == ["held", "held"]


@pytest.mark.parametrize(("hangs", "seconds"), [(False, 1.5), (True, 45)])
def test_no_release_begins_after_its_seconds_or_one_that_hung(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch, *, hangs: bool, seconds: float
) -> None:
    holds = place_several(staff, 3)
    monkeypatch.setattr(in_turn, "BULK_SECONDS", seconds)
    # One second passes with each look at the clock.
    monkeypatch.setattr(in_turn, "time", SimpleNamespace(monotonic=itertools.count().__next__))
    monkeypatch.setattr(rate_and_clock, "hangs", lambda: hangs)

    found = release_many(staff, holds)

    assert states(*holds) == ["released", "held", "held"]
    assert [each.error and each.error.cause for each in found] == [None, "no_time", "no_time"]


def test_a_call_that_hung_before_stops_none_that_are_answered(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as another person's search for free times."""
    holds = place_several(staff, 2)
    monkeypatch.setitem(
        rate_and_clock._read_again_at, calcom_client.source_digest(), clock.ticks() + 60
    )

    release_many(staff, holds)

    assert states(*holds) == ["released", "released"]


def test_hold_of_a_colleague_is_shown_without_a_checkbox(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    mine, other = verbs.place(staff), verbs.place(colleague, start=LATER)

    page = desk(staff).get("/release", {"hold": [mine.pk, other.pk]}).content.decode()

    assert re.findall(r'type="checkbox"[^>]*value="(\d+)"', page) == [str(mine.pk)]
    assert "There is nothing here for you to release." in page


@pytest.mark.parametrize("hold", [[], ["x", "-1", "999999", "9" * 40, "1 OR 1=1"]])
def test_empty_selection_leads_back_to_the_board(staff: User, hold: list[str]) -> None:
    browser = desk(staff)

    for answer in (
        browser.post("/release", {"hold": hold, "sure": "yes"}),
        browser.get("/release", {"hold": hold}),
    ):
        assert (answer.status_code, answer["Location"]) == (303, "/")


def test_too_long_note_keeps_the_selection(calcom: Sandbox, staff: User) -> None:
    holds = place_several(staff, 2)

    answer = send(staff, holds, sure="yes", note="n" * 501)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["note"]
    assert [row.pk for row in answer.context["rows"]] == pks(holds)
    assert states(*holds) == ["held", "held"]
