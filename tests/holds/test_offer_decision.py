"""Keep one of an offer's times: the others are released, in one request."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state.models import Upstream
from dashboard.holds import in_turn, offer_decision
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.crash import KilledError, die
from tests.holds.observe import at_cal_com, in_register, states
from tests.holds.offers import HEADERS, assert_unchanged, keep, offered, send
from tests.holds.verbs import MONDAY, ONE
from tests.pages.desk import desk, page_of

pytestmark = pytest.mark.slow  # details of verbs: the fast lane has test_verbs

WEEK = timedelta(weeks=1)


def refusal(user: User, offer: int, hold: Hold) -> str:
    """Return why the hold cannot be kept."""
    with pytest.raises(HoldError) as refused:
        keep(user, offer, hold)
    return refused.value.cause


@HEADERS
def test_one_is_kept_and_the_others_released(calcom: Sandbox, staff: User, headers: Any) -> None:
    offer, holds = offered(staff)
    kept = Hold.objects.get(pk=holds[1].pk)
    last = AuditEntry.objects.latest("id").pk

    answer = send(staff, offer, kept, headers=headers)

    assert page_of(answer) == f"/holds/{kept.pk}/"
    assert states(*holds) == ["released", "held", "released"]
    assert at_cal_com(calcom) == in_register(kept)
    now = Hold.objects.get(pk=kept.pk)
    assert (now.held_until, now.claim_id, now.change) == (kept.held_until, None, None)
    reasons = Hold.objects.filter(state="released").values_list("end_reason", flat=True)
    assert set(reasons) == {offer_decision.REASON}
    entries = AuditEntry.objects.filter(pk__gt=last)
    assert entries.values("request_id").distinct().count() == 1
    outcomes = entries.filter(kind="outcome").values_list("action", "hold", "outcome", "reason")
    assert sorted(outcomes) == [
        ("check", kept.pk, "ok", ""),
        ("release", holds[0].pk, "ok", offer_decision.REASON),
        ("release", holds[2].pk, "ok", offer_decision.REASON),
    ]
    page = desk(staff).get(f"/holds/{holds[0].pk}/").content.decode()
    assert "the client chose another time of the offer" in page


def test_nothing_is_released_where_the_kept_one_is_gone(calcom: Sandbox, staff: User) -> None:
    offer, holds = offered(staff)
    calcom.remove_reservations(holds[1].reservation_uid)

    answer = send(staff, offer, holds[1])

    assert answer.status_code == 409
    assert "This hold has already ended: gone." in answer.content.decode()
    assert states(*holds) == ["held", "gone", "held"]
    assert AuditEntry.objects.get(action="check", kind="outcome").after["state"] == "gone"
    assert calcom.calls("DELETE") == []


def test_nothing_is_released_where_the_kept_one_was_moved_outside(
    calcom: Sandbox, staff: User
) -> None:
    offer, holds = offered(staff)
    uid = holds[1].reservation_uid
    [row] = [row for row in calcom.rows() if row.uid == uid]
    calcom.remove_reservations(uid)
    calcom.insert_reservation(row.event_type_id, row.start + timedelta(days=3), uid=uid)

    assert refusal(staff, offer, holds[1]) == "changed_outside"
    assert states(*holds) == ["held"] * 3
    assert calcom.calls("DELETE") == []
    assert Hold.objects.get(pk=holds[1].pk).claim_id is None


def test_ended_hold_cannot_be_kept(calcom: Sandbox, staff: User) -> None:
    offer, holds = offered(staff)
    verbs.release(staff, holds[1])

    assert refusal(staff, offer, holds[1]) == "has_ended"
    assert states(*holds) == ["held", "released", "held"]
    assert len(calcom.calls("DELETE")) == 1


def test_failed_look_at_the_kept_one_changes_nothing(calcom: Sandbox, staff: User) -> None:
    offer, holds = offered(staff, 2)
    calcom.faults.add("drop", when="before", method="GET", route=ONE, count=None)

    answer = send(staff, offer, holds[0])

    assert answer.status_code == 503
    assert_unchanged(calcom, holds)
    assert Hold.objects.get(pk=holds[0].pk).claim_id is None


def test_too_few_calls_for_all_start_nothing(calcom: Sandbox, staff: User) -> None:
    offer, holds = offered(staff)
    Upstream.objects.update(
        rate_limit=120,
        rate_remaining=4 + in_turn.KEPT_FOR_OTHERS,
        rate_resets_at=timezone.now() + timedelta(seconds=30),
    )

    answer = send(staff, offer, holds[0])

    assert (answer.status_code, 0 < int(answer["Retry-After"]) <= 30) == (503, True)
    assert_unchanged(calcom, holds)
    assert calcom.calls("GET", ONE) == []


def test_each_failed_release_is_a_row_of_the_answer(calcom: Sandbox, staff: User) -> None:
    offer, holds = offered(staff, 4)
    calcom.faults.add("drop", when="before", method="DELETE", skip=1, count=3)

    answer = send(staff, offer, holds[0])

    assert answer.status_code == 200
    words = [result["word"] for result in answer.context["results"]]
    assert words == ["done", "unknown", "done"]
    assert states(*holds) == ["held", "released", "held", "released"]
    assert Hold.objects.get(pk=holds[2].pk).change is not None  # settling goes on with it


def test_hold_of_a_colleague_in_the_offer_is_not_released(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    offer, holds = offered(staff, 2)
    other = verbs.place(admin, start=MONDAY + WEEK, offer=offer)

    decision = keep(staff, offer, holds[0])

    assert [each.error and each.error.outcome for each in decision.results] == [None, "refused"]
    assert (decision.is_whole, states(other)) == (False, ["held"])


def test_hold_outside_the_offer_cannot_be_kept(calcom: Sandbox, staff: User) -> None:
    offer, holds = offered(staff, 2)
    other = verbs.place(staff, start=MONDAY + WEEK)

    assert send(staff, offer, other).status_code == 409
    assert_unchanged(calcom, [*holds, other])


def test_outdated_version_of_the_kept_one_changes_nothing(calcom: Sandbox, staff: User) -> None:
    offer, holds = offered(staff, 2)
    version = Hold.objects.get(pk=holds[0].pk).version
    verbs.extend(staff, holds[0])

    answer = send(staff, offer, holds[0], **{f"version_{holds[0].pk}": version})

    assert answer.status_code == 409
    assert_unchanged(calcom, holds)


def test_outdated_version_of_another_keeps_only_that_one(calcom: Sandbox, staff: User) -> None:
    offer, holds = offered(staff)
    version = Hold.objects.get(pk=holds[1].pk).version
    verbs.extend(staff, holds[1])

    decision = keep(staff, offer, holds[0], versions={holds[1].pk: version})

    assert [each.error and each.error.outcome for each in decision.results] == ["refused", None]
    assert states(*holds) == ["held", "held", "released"]


def test_only_time_of_an_offer_is_kept(calcom: Sandbox, staff: User) -> None:
    offer, holds = offered(staff, 1)

    decision = keep(staff, offer, holds[0])

    assert (decision.results, states(*holds)) == ([], ["held"])


def test_missing_hold_is_a_404(calcom: Sandbox, staff: User) -> None:
    offer, holds = offered(staff, 2)
    browser = desk(staff)
    wrong = ["", "x", "999999", "9" * 30]

    statuses = [browser.post(f"/offers/{offer}/keep", {"hold": hold}).status_code for hold in wrong]

    assert statuses == [404] * len(wrong)
    assert_unchanged(calcom, holds)


def test_claim_of_an_interrupted_decision_ends(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer, holds = offered(staff)
    with monkeypatch.context() as patched:
        patched.setattr(offer_decision, "release_many", die)
        with pytest.raises(KilledError):
            keep(staff, offer, holds[0])
    Hold.objects.filter(pk=holds[0].pk).update(claim_until=timezone.now())

    desk(staff).get(f"/holds/{holds[0].pk}/")

    assert Hold.objects.get(pk=holds[0].pk).claim_id is None
    last = AuditEntry.objects.filter(hold=holds[0]).latest("id")
    assert (last.action, last.kind, last.error_code) == ("check", "outcome", "process_died")
    assert keep(staff, offer, holds[0]).is_whole
