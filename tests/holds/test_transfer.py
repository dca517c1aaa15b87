"""Take over a hold: who may, and what is kept."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import search
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.concurrency import at_once, delayed
from tests.holds.observe import at_cal_com, audit_of
from tests.holds.offers import HEADERS
from tests.holds.verbs import LATER, take_over
from tests.pages.desk import desk, page_of


@pytest.fixture
def allowed(settings: Any) -> None:
    """Let Staff take over holds, not only Admins."""
    settings.STAFF_MAY_TAKE_OVER = True


def send(user: User, hold: Hold, *, headers: Any = None, **form: Any) -> HttpResponse:
    return desk(user).post(f"/holds/{hold.pk}/take-over", form, headers=headers)


@HEADERS
def test_admin_takes_over_without_a_call(
    calcom: Sandbox, staff: User, admin: User, headers: Any
) -> None:
    hold = verbs.place(staff)
    before = at_cal_com(calcom)
    calcom.forget_calls()

    answer = send(admin, hold, reason="absent", note="she is ill", headers=headers)

    assert page_of(answer) == f"/holds/{hold.pk}/"
    taken = Hold.objects.get(pk=hold.pk)
    assert (taken.holder, taken.note) == (admin, "called at nine · she is ill")
    assert (taken.state, taken.held_until, taken.version) == (
        "held",
        hold.held_until,
        hold.version + 1,
    )
    assert (at_cal_com(calcom), calcom.calls()) == (before, [])


def test_audit_has_both_holders_and_nothing_of_the_client(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    hold = verbs.place(staff)

    take_over(admin, hold, reason="client_asked", note="Grace rang me")

    entry = AuditEntry.objects.get(action="take_over")
    assert (entry.kind, entry.outcome, entry.reason) == ("event", "ok", "client_asked")
    assert (entry.before["holder"], entry.after["holder"]) == ("staff", "admin")
    assert entry.asked == {"person": staff.pk}
    assert "Grace" not in f"{entry.before}{entry.after}{entry.asked}{entry.message}"
    line = search.story(hold.pk, now=timezone.now()).lines[0]
    assert f"{line.actor.who} {line.did_it}{line.details_text}" == (
        "admin took over it, staff → admin; reason: the client asked another colleague"
    )


def test_staff_may_take_over_only_where_it_is_set(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    hold = verbs.place(staff)

    answer = send(colleague, hold, reason="absent")

    assert answer.status_code == 403
    assert Hold.objects.get(pk=hold.pk).holder == staff
    assert audit_of(hold)[2:] == [("event", "take_over", "", "refused")]
    assert "take-over" not in desk(colleague).get(f"/holds/{hold.pk}/").content.decode()


@pytest.mark.usefixtures("allowed")
def test_staff_must_give_a_reason(calcom: Sandbox, staff: User, colleague: User) -> None:
    hold = verbs.place(staff)

    refused = send(colleague, hold)

    assert refused.status_code == 422
    assert refused.context["take_over_form"].errors == {
        "reason": ["Say why you are taking it over."]
    }
    assert Hold.objects.get(pk=hold.pk).holder == staff
    assert send(colleague, hold, reason="handed_over").status_code == 303
    assert Hold.objects.get(pk=hold.pk).holder == colleague


@pytest.mark.usefixtures("allowed")
def test_free_text_reason_is_not_in_the_audit(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    hold = verbs.place(staff)

    send(colleague, hold, reason="Grace is my cousin")

    assert AuditEntry.objects.get(action="take_over").reason == "other"
    assert Hold.objects.get(pk=hold.pk).note == "called at nine · Grace is my cousin"


def test_too_long_note_is_refused_beside_its_field(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    hold = verbs.place(staff)
    Hold.objects.filter(pk=hold.pk).update(note="n" * 990)

    answer = send(admin, hold, note="twenty characters, ..")

    assert answer.context["take_over_form"].errors == {
        "note": ["The note of this hold has room for 7 more characters."]
    }
    assert Hold.objects.get(pk=hold.pk).holder == staff
    take_over(admin, hold, note="seven..")
    assert len(Hold.objects.get(pk=hold.pk).note) == 1000


def test_take_over_of_an_own_hold_changes_nothing(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)

    assert send(staff, hold).status_code == 303

    assert Hold.objects.get(pk=hold.pk).version == hold.version
    assert not AuditEntry.objects.filter(action="take_over").exists()


def test_ended_or_expired_hold_is_not_taken_over(calcom: Sandbox, staff: User, admin: User) -> None:
    released, ran_out = verbs.place(staff), verbs.place(staff, start=LATER)
    verbs.release(staff, released)
    Hold.objects.filter(pk=ran_out.pk).update(held_until=timezone.now())

    for hold in (released, ran_out):
        with pytest.raises(HoldError) as refused:
            take_over(admin, hold)
        assert (refused.value.cause, refused.value.status) == ("has_ended", 409)


def test_unconfirmed_hold_is_taken_over(calcom: Sandbox, staff: User, admin: User) -> None:
    calcom.faults.add("drop", when="after", method="POST")
    with pytest.raises(HoldError) as unknown:
        verbs.place(staff)
    hold = unknown.value.hold
    assert hold is not None

    take_over(admin, hold)

    assert (hold.state, Hold.objects.get(pk=hold.pk).holder) == ("unconfirmed", admin)


def test_outdated_version_takes_nothing_over(calcom: Sandbox, staff: User, admin: User) -> None:
    hold = verbs.place(staff)
    verbs.move(staff, hold)

    answer = send(admin, hold, version=hold.version - 1)

    assert answer.status_code == 409
    assert Hold.objects.get(pk=hold.pk).holder == staff


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("patient")
def test_hold_that_is_being_changed_is_not_taken_over(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    hold = verbs.place(staff)

    with (
        delayed(calcom, lambda: verbs.move(staff, hold), "PATCH"),
        pytest.raises(HoldError) as refused,
    ):
        take_over(admin, hold)

    assert refused.value.cause == "being_changed"
    assert Hold.objects.get(pk=hold.pk).holder == staff


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("allowed")
def test_one_of_two_concurrent_take_overs_is_refused(
    calcom: Sandbox, staff: User, colleague: User, admin: User
) -> None:
    hold = verbs.place(staff)

    ends = at_once(
        lambda: take_over(admin, hold, version=hold.version),
        lambda: take_over(colleague, hold, reason="absent", version=hold.version),
    )

    [taken] = [end for end in ends if isinstance(end, Hold)]
    [refused] = [end for end in ends if isinstance(end, HoldError)]
    assert refused.cause == "changed_meanwhile"
    assert Hold.objects.get(pk=hold.pk).holder == taken.holder
    assert AuditEntry.objects.filter(action="take_over", outcome="ok").count() == 1
