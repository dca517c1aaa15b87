"""Reservations that are added to the board: as a new hold, or as the answer to one that waits."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry, HoldText
from dashboard.calendars import catalogue
from dashboard.holds import runner, settle
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import verbs
from tests.holds.concurrency import delayed
from tests.holds.observe import at_cal_com, in_register, states
from tests.holds.reservations_elsewhere import look_up, take_in
from tests.holds.verbs import ALL, CONSULT, MONDAY, ROUND_ROBIN, SHORT, VARIABLE
from tests.pages.desk import desk
from tests.waiting import wait_for


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("patient")
def test_reservation_added_by_two_at_once_is_one_hold(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    uid = calcom.insert_reservation(CONSULT, MONDAY, minutes=20).uid

    with delayed(calcom, lambda: take_in(staff, uid), "GET") as adding:
        added = take_in(colleague, uid)
        assert adding.finish() == added

    assert Hold.objects.get() == added
    entries = AuditEntry.objects.filter(action="take_in")
    assert sorted(entry.outcome for entry in entries) == ["", "", "ok", "refused"]


def place_unanswered(
    calcom: Sandbox, user: User, *, when: str = "after", event_type: int = CONSULT
) -> Hold:
    """Place a hold of 15 minutes whose POST is not answered, after or before cal.com acts on it."""
    calcom.faults.add("drop", when=when, method="POST", route=ALL)
    with pytest.raises(HoldError):
        verbs.place(user, event_type=event_type)
    return Hold.objects.get(state="unconfirmed")


@pytest.mark.parametrize("who", ["holder", "admin"])
def test_reservation_of_an_unconfirmed_hold_confirms_it(
    calcom: Sandbox, staff: User, admin: User, who: str
) -> None:
    unconfirmed = place_unanswered(calcom, staff)
    [row] = calcom.live_rows()

    added = take_in(staff if who == "holder" else admin, row.uid)

    hold = Hold.objects.get()
    assert added == hold == unconfirmed
    assert (hold.state, hold.holder, hold.client_name) == ("held", staff, "Grace")
    assert (hold.latest_end, hold.version) == (None, unconfirmed.version + 1)
    assert (hold.client_contact, hold.note) == ("grace@example.test", "called at nine")
    assert at_cal_com(calcom) == in_register(hold)


def test_confirmed_hold_keeps_what_was_typed(calcom: Sandbox, staff: User) -> None:
    unconfirmed = place_unanswered(calcom, staff)
    [row] = calcom.live_rows()
    Hold.objects.update(client_contact="")
    browser = desk(staff)

    answer = look_up(
        browser, row.uid, take="yes", client_name="Ada", client_contact="0171", note="by the door"
    )

    hold = Hold.objects.get()
    assert hold == unconfirmed
    assert (hold.client_name, hold.client_contact) == ("Grace", "0171")
    assert hold.note == "called at nine · Ada · by the door"
    assert HoldText.objects.filter(rowid=hold.pk, text__like="by the door").exists()
    page = browser.get(answer["Location"]).content.decode()
    assert "The reservation belongs to this hold, which is confirmed now." in page


def test_what_was_typed_is_never_cut(calcom: Sandbox, staff: User) -> None:
    """Without room in the note the reservation becomes a hold of its own."""
    unconfirmed = place_unanswered(calcom, staff)
    [row] = calcom.live_rows()

    added = take_in(staff, row.uid, "Ada", "0171", "x" * 1000)

    assert added != unconfirmed
    assert (added.client_name, added.client_contact, added.note) == ("Ada", "0171", "x" * 1000)


def untouched(hold: Hold) -> bool:
    now = Hold.objects.filter(pk=hold.pk).values().get()
    return now == {name: getattr(hold, name) for name in now}


def insert_like(calcom: Sandbox, hold: Hold, **differing: Any) -> str:
    """Reserve the hold's slot directly at cal.com, for the same time; return the uid."""
    fields = {"slot_duration": None, "start": hold.slot_start, "minutes": 15} | differing
    return calcom.insert_reservation(hold.event_type_id, fields.pop("start"), **fields).uid


@pytest.mark.parametrize(
    "differing",
    [{"minutes": 1}, {"minutes": 14}, {"minutes": 16}, {"minutes": 100}, {"slot_duration": 45}],
    ids=str,
)
def test_reservation_that_differs_is_a_hold_of_its_own(
    calcom: Sandbox, staff: User, differing: dict[str, int]
) -> None:
    unconfirmed = place_unanswered(calcom, staff, when="before", event_type=VARIABLE)

    added = take_in(staff, insert_like(calcom, unconfirmed, **differing), "Ada")

    assert (added.client_name, added.holder) == ("Ada", staff)
    assert added != unconfirmed
    assert untouched(unconfirmed)


def test_reservation_made_later_is_a_hold_of_its_own(calcom: Sandbox, staff: User) -> None:
    """Its minutes count from a time in which the unanswered call no longer ran."""
    unconfirmed = place_unanswered(calcom, staff, when="before")
    uid = insert_like(calcom, unconfirmed, minutes=15.5)

    added = take_in(staff, uid)

    assert added != unconfirmed
    assert untouched(unconfirmed)


def test_hold_of_a_colleague_is_never_confirmed(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    unconfirmed = place_unanswered(calcom, staff)
    [row] = calcom.live_rows()
    browser = desk(colleague)

    answer = look_up(browser, row.uid, take="yes", client_name="Ada", note="by the door")

    added = Hold.objects.exclude(pk=unconfirmed.pk).get()
    assert (added.holder, added.client_name, added.note) == (colleague, "Ada", "by the door")
    assert untouched(unconfirmed)
    page = browser.get(answer["Location"]).content.decode()
    assert "staff also asked for this time, and cal.com has not answered that yet." in page


@pytest.mark.parametrize("when", ["before", "after"])
def test_round_robin_is_never_confirmed(
    calcom: Sandbox, staff: User, admin: User, when: str
) -> None:
    """Others can reserve the same time beside it, so no reservation is certain to be its own."""
    unconfirmed = place_unanswered(calcom, staff, when=when, event_type=ROUND_ROBIN)
    uid = insert_like(calcom, unconfirmed)

    added = [take_in(user, uid) for user in (staff, admin)]

    assert added[0] == added[1] != unconfirmed
    assert untouched(unconfirmed)


def test_one_of_two_unconfirmed_holds_is_not_guessed(calcom: Sandbox, staff: User) -> None:
    first = place_unanswered(calcom, staff, when="before")
    fields = Hold.objects.filter(pk=first.pk).values().get()
    second = Hold.objects.create(**fields | {"id": None})

    added = take_in(staff, insert_like(calcom, first))

    assert added not in (first, second)
    assert [untouched(hold) for hold in (first, second)] == [True, True]


def test_stand_in_of_an_unanswered_move_is_its_holders(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    hold = verbs.place(staff)
    calcom.faults.add("drop", when="before", method="POST", route=ALL)
    with pytest.raises(HoldError):
        verbs.move(staff, hold, event_type_id=SHORT)
    stand_in = Hold.objects.get(state="unconfirmed")

    added = take_in(colleague, insert_like(calcom, stand_in))

    assert (added.holder, added != stand_in) == (colleague, True)
    assert untouched(stand_in)
    assert at_cal_com(calcom) == in_register(hold, added)


def test_stand_in_is_confirmed_by_its_own_reservation(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    calcom.faults.add("drop", when="after", method="POST", route=ALL)
    with pytest.raises(HoldError):
        verbs.move(staff, hold, event_type_id=SHORT)
    stand_in = Hold.objects.get(state="unconfirmed")
    [uid] = [row.uid for row in calcom.live_rows() if row.event_type_id == SHORT]

    assert take_in(staff, uid) == stand_in
    assert states(hold, stand_in) == ["held", "held"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("patient")
def test_reservation_of_a_hold_that_is_being_placed_is_left_to_it(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    calcom.use_uids(["early"])

    with delayed(calcom, lambda: verbs.place(staff), "POST", when="after") as placing:
        wait_for(lambda: bool(calcom.live_rows()))
        answer = look_up(desk(colleague), "early", take="yes")
        placed = placing.finish()

    assert answer.status_code == 409
    assert "staff is asking cal.com for this time right now." in answer.content.decode()
    assert at_cal_com(calcom) == in_register(placed)
    assert Hold.objects.get() == placed


def test_answer_that_comes_late_leaves_it_where_it_was_added(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    unconfirmed = place_unanswered(calcom, staff)
    [row] = calcom.live_rows()
    added = take_in(colleague, row.uid)
    late = Operation(AuditEntry.Action.PLACE, by=acting(staff), now=timezone.now())

    runner.rescue(late, unconfirmed, {"reservation_uid": row.uid, "state": "held"})

    assert states(unconfirmed, added) == ["unconfirmed", "held"]
    assert untouched(unconfirmed)


def test_known_reservation_is_left_as_it_is(calcom: Sandbox, staff: User, colleague: User) -> None:
    hold = verbs.place(staff)
    browser = desk(colleague)

    answer = look_up(browser, str(hold.reservation_uid), take="yes", client_name="Ada")

    assert untouched(Hold.objects.get(pk=hold.pk))
    page = browser.get(answer["Location"]).content.decode()
    assert "It was on the board already, held by staff. Not saved: Ada" in page


def test_unconfirmed_hold_that_was_settled_meanwhile_is_not_overwritten(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give the reservation a hold of its own."""
    unconfirmed = place_unanswered(calcom, staff)
    [row] = calcom.live_rows()
    event_type = catalogue.event_type

    def settle_first(event_type_id: int) -> object:
        Hold.objects.filter(pk=unconfirmed.pk).update(latest_end=timezone.now())
        settle.settle_times(timezone.now() + timedelta(hours=3))
        return event_type(event_type_id)

    monkeypatch.setattr(catalogue, "event_type", settle_first)
    added = take_in(staff, row.uid)

    assert added != unconfirmed
    assert states(unconfirmed) == ["expired"]
    assert at_cal_com(calcom) == in_register(added)
