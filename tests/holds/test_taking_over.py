"""A hold changes hands: who may, what is kept of it, and who is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import search
from dashboard.audit.models import AuditEntry
from dashboard.holds import transfer
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.pages.board import Tab
from dashboard.sandbox import Sandbox
from tests.holds import cast, factories
from tests.holds.concurrency import at_once, meanwhile
from tests.holds.desk import desk

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"HX-Request": "true"}


@pytest.fixture
def allowed(settings: Any) -> None:
    settings.STAFF_MAY_TAKE_OVER = True


def take(user: User, hold: Hold, **more: Any) -> Hold:
    return transfer.take_over(hold_id=hold.pk, by=cast.acting(user), now=timezone.now(), **more)


def send(user: User, hold: Hold, *, headers: Any = None, **form: Any) -> HttpResponse:
    return desk(user).post(f"/holds/{hold.pk}/take-over", form, headers=headers)


@pytest.mark.parametrize("headers", [None, HTMX], ids=["plain", "htmx"])
def test_an_admin_takes_over_without_asking_cal_com(
    calcom: Sandbox, staff: User, admin: User, headers: Any
) -> None:
    hold = cast.place(staff)
    before = cast.rows(calcom)
    calcom.forget_calls()

    answer = send(admin, hold, reason="absent", note="she is ill", headers=headers)

    assert (answer.status_code, answer["Location"]) == (303, f"/holds/{hold.pk}/")
    taken = Hold.objects.get(pk=hold.pk)
    assert (taken.holder, taken.note) == (admin, "called at nine · she is ill")
    assert (taken.state, taken.held_until, taken.version) == (
        "held",
        hold.held_until,
        hold.version + 1,
    )
    assert (cast.rows(calcom), calcom.calls()) == (before, [])


def test_the_audit_says_from_whom_to_whom_and_why_and_nothing_of_the_client(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    hold = cast.place(staff)

    take(admin, hold, reason="client_asked", note="Grace rang me")

    entry = AuditEntry.objects.get(action="take_over")
    assert (entry.kind, entry.outcome, entry.reason) == ("event", "ok", "client_asked")
    assert (entry.before["holder"], entry.after["holder"]) == ("staff", "admin")
    assert entry.asked == {"person": staff.pk}
    assert "Grace" not in f"{entry.before}{entry.after}{entry.asked}{entry.message}"
    line = search.story(hold.pk, now=timezone.now())[0]
    assert f"{line.who} {line.did_it}{line.told}" == (
        "admin took over it, staff → admin; reason: the client asked another colleague"
    )


def test_staff_may_not_unless_it_is_so_set(calcom: Sandbox, staff: User, colleague: User) -> None:
    hold = cast.place(staff)

    answer = send(colleague, hold, reason="absent")

    assert answer.status_code == 403
    assert Hold.objects.get(pk=hold.pk).holder == staff
    assert cast.story(hold)[2:] == [("event", "take_over", "", "refused")]
    assert "take-over" not in desk(colleague).get(f"/holds/{hold.pk}/").content.decode()


@pytest.mark.usefixtures("allowed")
def test_staff_say_why(calcom: Sandbox, staff: User, colleague: User) -> None:
    hold = cast.place(staff)

    silent = send(colleague, hold)

    assert silent.status_code == 422
    assert silent.context["take_over_form"].errors == {
        "reason": ["Say why you are taking it over."]
    }
    assert Hold.objects.get(pk=hold.pk).holder == staff
    assert send(colleague, hold, reason="handed_over").status_code == 303
    assert Hold.objects.get(pk=hold.pk).holder == colleague


@pytest.mark.usefixtures("allowed")
def test_a_reason_in_own_words_stays_out_of_the_audit(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    hold = cast.place(staff)

    send(colleague, hold, reason="Grace is my cousin")

    assert AuditEntry.objects.get(action="take_over").reason == "other"
    assert Hold.objects.get(pk=hold.pk).note == "called at nine · Grace is my cousin"


def test_a_note_that_is_too_long_is_refused_beside_its_field(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    hold = cast.place(staff)
    Hold.objects.filter(pk=hold.pk).update(note="n" * 990)

    answer = send(admin, hold, note="twenty characters, ..")

    assert answer.context["take_over_form"].errors == {
        "note": ["The note of this hold has room for 7 more characters."]
    }
    assert Hold.objects.get(pk=hold.pk).holder == staff
    take(admin, hold, note="seven..")
    assert len(Hold.objects.get(pk=hold.pk).note) == 1000


@pytest.mark.usefixtures("allowed")
def test_the_new_holder_acts_and_the_former_one_no_more(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    hold = cast.place(staff)
    take(colleague, hold, reason="absent")

    with pytest.raises(HoldError) as told:
        cast.release(staff, hold)

    assert (told.value.cause, told.value.problem.happened) == (
        "not_yours",
        "This hold belongs to colleague.",
    )
    assert cast.extend(colleague, hold).holder == colleague


def test_taking_over_what_is_ones_own_changes_nothing(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)

    assert send(staff, hold).status_code == 303

    assert Hold.objects.get(pk=hold.pk).version == hold.version
    assert not AuditEntry.objects.filter(action="take_over").exists()


def test_what_has_ended_or_run_out_is_not_taken_over(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    released, ran_out = cast.place(staff), cast.place(staff, start=cast.LATER)
    cast.release(staff, released)
    Hold.objects.filter(pk=ran_out.pk).update(held_until=timezone.now())

    for hold in (released, ran_out):
        with pytest.raises(HoldError) as told:
            take(admin, hold)
        assert (told.value.cause, told.value.status) == ("has_ended", 409)


def test_an_unconfirmed_hold_can_be_taken_over(calcom: Sandbox, staff: User, admin: User) -> None:
    calcom.faults.add("drop", when="after", method="POST")
    with pytest.raises(HoldError) as unknown:
        cast.place(staff)
    hold = unknown.value.hold
    assert hold is not None

    take(admin, hold)

    assert (hold.state, Hold.objects.get(pk=hold.pk).holder) == ("unconfirmed", admin)


def test_a_page_older_than_the_hold_takes_nothing_over(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    hold = cast.place(staff)
    cast.move(staff, hold)

    answer = send(admin, hold, version=hold.version - 1)

    assert answer.status_code == 409
    assert Hold.objects.get(pk=hold.pk).holder == staff


def test_a_hold_that_is_being_changed_is_not_taken_over(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    hold = cast.place(staff)
    fault = calcom.faults.add("delay", method="PATCH", seconds=1.0)

    with (
        meanwhile(lambda: cast.move(staff, hold), until=lambda: calcom.faults.hits(fault) == 1),
        pytest.raises(HoldError) as told,
    ):
        take(admin, hold)

    assert told.value.cause == "being_changed"
    assert Hold.objects.get(pk=hold.pk).holder == staff


@pytest.mark.usefixtures("allowed")
def test_of_two_who_take_over_at_once_one_gets_it(
    calcom: Sandbox, staff: User, colleague: User, admin: User
) -> None:
    hold = cast.place(staff)

    ends = at_once(
        lambda: take(admin, hold, version=hold.version),
        lambda: take(colleague, hold, reason="absent", version=hold.version),
    )

    [taken] = [end for end in ends if isinstance(end, Hold)]
    [refused] = [end for end in ends if isinstance(end, HoldError)]
    assert refused.cause == "changed_meanwhile"
    assert Hold.objects.get(pk=hold.pk).holder == taken.holder
    assert AuditEntry.objects.filter(action="take_over", outcome="ok").count() == 1


def test_the_former_holder_is_told_for_as_long_as_it_is_held(
    calcom: Sandbox, staff: User, colleague: User, admin: User
) -> None:
    hold, other = cast.place(staff), cast.place(colleague, start=cast.LATER)
    take(admin, hold)
    take(admin, other)

    [told] = transfer.taken_from(staff, now=timezone.now())

    assert (told.hold.pk, told.by) == (hold.pk, "admin")
    assert transfer.taken_from(admin, now=timezone.now()) == []
    cast.release(admin, hold)
    assert transfer.taken_from(staff, now=timezone.now()) == []


@pytest.mark.usefixtures("allowed")
def test_what_went_there_and_back_is_told_to_whoever_lacks_it(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    hold = cast.place(staff)
    take(admin, hold)
    take(staff, hold, reason="handed_over")
    take(admin, hold)

    assert [taken.by for taken in transfer.taken_from(staff, now=timezone.now())] == ["admin"]
    assert transfer.taken_from(admin, now=timezone.now()) == []


def test_one_in_trouble_is_told_once_and_on_the_tab_of_ones_own_too(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    """There the trouble itself is the new holder's."""
    hold = cast.place(staff)
    take(admin, hold)
    state = {"state": "unconfirmed", "latest_end": hold.held_until, "held_until": None}
    Hold.objects.update(**state, version=99)

    boards = {tab: factories.see(staff, tab) for tab in (Tab.MINE, Tab.EVERYONE, Tab.ATTENTION)}

    assert {tab: len(seen.attention) for tab, seen in boards.items()} == dict.fromkeys(boards, 1)
    assert "took over this hold from you" in boards[Tab.MINE].attention[0].sentence
    [counted] = [tab.count for tab in boards[Tab.MINE].tabs if tab.value == "attention"]
    assert counted == 1
