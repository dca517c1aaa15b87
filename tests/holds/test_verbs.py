"""Each verb as usual, and what register, audit and cal.com have afterwards."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import search
from dashboard.calcom_state import calcom_client
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.observe import at_cal_com, audit_of, in_register, is_held_for, sent
from tests.holds.verbs import (
    COLLECTIVE,
    CONSULT,
    GROUP,
    LATER,
    MONDAY,
    ONE,
    ROUND_ROBIN,
    SHORT,
    VARIABLE,
)

MINUTE = timedelta(minutes=1)


def end_of(hold: Hold) -> datetime:
    held_until = Hold.objects.get(pk=hold.pk).held_until
    assert held_until is not None
    return held_until


def test_place(calcom: Sandbox, staff: User) -> None:
    started = timezone.now()

    hold = verbs.place(staff)

    assert at_cal_com(calcom) == in_register(hold)
    assert (hold.state, hold.client_name, hold.event_type_title) == ("held", "Grace", "Consult 60")
    assert hold.slot_end == MONDAY + timedelta(minutes=60)
    assert is_held_for(hold, 15, since=started)
    assert audit_of(hold) == [("intent", "place", "POST", ""), ("outcome", "place", "", "ok")]


def test_extension_by_parking_keeps_the_uid(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    before, started = in_register(hold), timezone.now()

    verbs.extend(staff, hold, 30)

    assert in_register(hold) == before
    assert at_cal_com(calcom) == before
    assert is_held_for(hold, 30, since=started)
    assert audit_of(hold)[2:] == [
        ("intent", "extend", "PATCH", ""),
        ("step", "extend", "PATCH", ""),
        ("step", "extend", "PATCH", ""),
        ("outcome", "extend", "", "ok"),
    ]


def test_timeline_names_the_way_of_an_extension(calcom: Sandbox, staff: User) -> None:
    parked = verbs.place(staff)
    verbs.extend(staff, parked, 30)
    replaced = verbs.place(staff, event_type=ROUND_ROBIN)
    verbs.extend(staff, replaced, 30)

    first = search.story(parked.pk, now=timezone.now()).lines[0]
    second = search.story(replaced.pk, now=timezone.now()).lines[0]

    assert first.technical[-1] == "by parking and returning"
    assert second.technical[-1] == "by a new one before the release of the old one"


def test_second_extension_parks_at_once(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    verbs.extend(staff, hold, 30)
    calcom.forget_calls()

    verbs.extend(staff, hold, 40)

    assert sent(calcom) == [("PATCH", 200), ("PATCH", 200)]


@pytest.mark.parametrize("event_type", [VARIABLE, GROUP, COLLECTIVE])
def test_extension_of_other_kinds(calcom: Sandbox, staff: User, event_type: int) -> None:
    hold = verbs.place(staff, event_type=event_type)
    before, started = in_register(hold), timezone.now()

    verbs.extend(staff, hold, 30)

    assert at_cal_com(calcom) == before
    assert is_held_for(hold, 30, since=started)


def test_extension_keeps_a_chosen_length(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff, event_type=VARIABLE, slot_duration=180)

    verbs.extend(staff, hold, 30)

    [row] = calcom.live_rows()
    assert row.end - row.start == timedelta(minutes=180)


def test_extension_of_round_robin_reserves_the_new_one_first(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff, event_type=ROUND_ROBIN)
    first = in_register(hold)

    verbs.extend(staff, hold, 30)

    assert at_cal_com(calcom) == in_register(hold)
    assert in_register(hold) != first
    assert [method for method, _ in sent(calcom)] == ["POST", "POST", "DELETE"]
    stand_in = Hold.objects.get(stands_in_for=hold)
    assert (stand_in.state, stand_in.end_reason, stand_in.change) == ("released", "replaced", None)


def test_added_minutes_count_from_held_until(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    end = end_of(hold)

    verbs.extend(staff, hold, None, add=15)

    assert 15 * MINUTE <= end_of(hold) - end < 16 * MINUTE  # rounded up to a whole minute


def test_extension_never_shortens(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff, minutes=30)

    with pytest.raises(HoldError) as refused:
        verbs.extend(staff, hold, 10)

    assert refused.value.status == 422
    assert list(refused.value.fields) == ["reservation_duration"]
    assert calcom.calls(route=ONE) == []
    assert audit_of(hold)[2:] == [("event", "extend", "", "refused")]


def test_move_to_a_time_apart_is_one_call(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    end = end_of(hold)

    verbs.move(staff, hold, LATER)

    assert at_cal_com(calcom) == in_register(hold)
    assert Hold.objects.get().slot_start == LATER
    assert timedelta() <= end_of(hold) - end < MINUTE
    assert sent(calcom)[1:] == [("PATCH", 200)]


def test_move_that_overlaps_the_own_time_parks(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    nearby = MONDAY + timedelta(minutes=30)

    verbs.move(staff, hold, nearby)

    assert at_cal_com(calcom) == in_register(hold)
    assert Hold.objects.get().slot_start == nearby


def test_refused_move_that_parked_goes_back(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    before = in_register(hold)
    calcom.insert_reservation(CONSULT, MONDAY + timedelta(minutes=60))

    with pytest.raises(HoldError) as refused:
        verbs.move(staff, hold, MONDAY + timedelta(minutes=30))

    assert refused.value.status == 409
    assert set(before) < set(at_cal_com(calcom))
    assert in_register(hold) == before
    assert Hold.objects.get(pk=hold.pk).change is None


def test_move_to_another_event_type(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)

    verbs.move(staff, hold, LATER, event_type_id=SHORT)

    moved = Hold.objects.get(pk=hold.pk)
    assert at_cal_com(calcom) == in_register(hold)
    assert (moved.event_type_id, moved.event_type_title, moved.slot_start) == (
        SHORT,
        "Short 30",
        LATER,
    )
    assert moved.slot_end == LATER + timedelta(minutes=30)


def test_release(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)

    done = verbs.release(staff, hold, reason="client_rang_off", note="will call again")

    assert at_cal_com(calcom) == []
    assert (done.state, done.end_reason, done.end_note) == (
        "released",
        "client_rang_off",
        "will call again",
    )
    assert audit_of(hold)[2:] == [
        ("intent", "release", "GET", ""),
        ("step", "release", "DELETE", ""),
        ("outcome", "release", "", "ok"),
    ]


def test_second_release_sends_nothing(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    verbs.release(staff, hold)

    assert verbs.release(staff, hold).state == "released"
    assert len(calcom.calls("DELETE")) == 1


def test_release_of_a_hold_that_is_gone(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    calcom.remove_reservations()

    assert verbs.release(staff, hold).state == "gone"
    assert len(calcom.calls("DELETE")) == 1


@pytest.mark.parametrize(("silent", "tries"), [(calcom_client.SILENT, [2, 3]), (0, [1, 1])])
def test_get_and_delete_are_sent_again_unless_they_hung(
    calcom: Sandbox,
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
    silent: int,
    tries: list[int],
) -> None:
    hold = verbs.place(staff)
    monkeypatch.setattr(calcom_client, "SILENT", silent)
    calcom.forget_calls()
    for method, verb in (("GET", verbs.check), ("DELETE", verbs.release)):
        calcom.faults.add("drop", when="before", method=method, count=None)
        with pytest.raises(HoldError):
            verb(staff, hold)
        calcom.faults.clear()

    unanswered = [method for method, status in sent(calcom) if status is None]
    assert [unanswered.count("GET"), unanswered.count("DELETE")] == tries
