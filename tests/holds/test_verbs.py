"""Each verb on a good day, and what register, audit and cal.com say afterwards."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import search
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.cast import CONSULT, GROUP, LATER, MONDAY, ROUND_ROBIN, SHORT, VARIABLE


def test_a_placed_hold_stands_at_cal_com_and_in_the_register(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)

    assert cast.rows(calcom) == [cast.register(hold)]
    assert (hold.state, hold.client_name, hold.event_type_title) == ("held", "Grace", "Consult 60")
    assert hold.slot_end == MONDAY + timedelta(minutes=60)
    assert 895 < cast.seconds_left(hold) <= 900
    assert cast.story(hold) == [("intent", "place", "POST", ""), ("outcome", "place", "", "ok")]


def test_a_hold_is_extended_by_way_of_a_parking_place_and_keeps_its_uid(
    calcom: Sandbox, staff: User
) -> None:
    hold = cast.place(staff)
    before = cast.register(hold)

    cast.extend(staff, hold, 30)

    assert cast.register(hold) == before
    assert cast.rows(calcom) == [before]
    assert 1795 < cast.seconds_left(hold) <= 1800
    assert cast.story(hold)[2:] == [
        ("intent", "extend", "PATCH", ""),
        ("step", "extend", "PATCH", ""),
        ("step", "extend", "PATCH", ""),
        ("outcome", "extend", "", "ok"),
    ]


def test_the_story_tells_the_way_it_went(calcom: Sandbox, staff: User) -> None:
    parked = cast.place(staff)
    cast.extend(staff, parked, 30)
    replaced = cast.place(staff, event_type=ROUND_ROBIN)
    cast.extend(staff, replaced, 30)

    first = search.story(parked.pk, now=timezone.now())[0]
    second = search.story(replaced.pk, now=timezone.now())[0]

    assert first.details[-1] == "parked and returned"
    assert second.details[-1] == "new one first, then the old one released"


def test_the_doomed_call_is_skipped_the_second_time(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    cast.extend(staff, hold, 30)
    calcom.forget_calls()

    cast.extend(staff, hold, 40)

    assert [call.status for call in calcom.calls("PATCH")] == [200, 200]


@pytest.mark.parametrize("event_type", [VARIABLE, GROUP, 22])
def test_every_kind_can_be_extended(calcom: Sandbox, staff: User, event_type: int) -> None:
    hold = cast.place(staff, event_type=event_type)
    before = cast.register(hold)

    cast.extend(staff, hold, 30)

    assert cast.rows(calcom) == [before]
    assert cast.seconds_left(hold) > 1795


def test_a_chosen_length_stays_when_the_hold_is_extended(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff, event_type=VARIABLE, slot_duration=180)

    cast.extend(staff, hold, 30)

    [row] = calcom.live_rows()
    assert row.end - row.start == timedelta(minutes=180)


def test_round_robin_is_extended_by_a_new_reservation_first(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff, event_type=ROUND_ROBIN)
    first = cast.register(hold)

    cast.extend(staff, hold, 30)

    assert cast.rows(calcom) == [cast.register(hold)]
    assert cast.register(hold) != first
    assert [call.method for call in calcom.calls() if "reservations" in call.route] == [
        "POST",
        "POST",
        "DELETE",
    ]
    stand_in = Hold.objects.get(stands_in_for=hold)
    assert (stand_in.state, stand_in.end_reason, stand_in.change) == ("released", "replaced", None)


def test_added_minutes_count_from_held_until(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)

    cast.extend(staff, hold, None, add=15)

    assert 1795 < cast.seconds_left(hold) <= 1860


def test_a_hold_is_never_shortened(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff, minutes=30)

    with pytest.raises(HoldError) as refused:
        cast.extend(staff, hold, 10)

    assert refused.value.status == 422
    assert list(refused.value.fields) == ["reservation_duration"]
    assert [c.method for c in calcom.calls(route=cast.ONE)] == []
    assert cast.story(hold)[2:] == [("event", "extend", "", "refused")]


def test_a_move_to_a_time_apart_is_one_call(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)

    cast.move(staff, hold, LATER)

    assert cast.rows(calcom) == [cast.register(hold)]
    assert cast.register(hold)[1] == LATER
    assert 895 < cast.seconds_left(hold) <= 960
    assert [call.status for call in calcom.calls("PATCH")] == [200]


def test_a_move_that_overlaps_its_own_time_goes_by_way_of_a_parking_place(
    calcom: Sandbox, staff: User
) -> None:
    hold = cast.place(staff)
    nearby = MONDAY + timedelta(minutes=30)

    cast.move(staff, hold, nearby)

    assert cast.rows(calcom) == [cast.register(hold)]
    assert cast.register(hold)[1] == nearby


def test_a_refused_overlapping_move_goes_back(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    before = cast.register(hold)
    calcom.insert_hold(CONSULT, MONDAY + timedelta(minutes=60))

    with pytest.raises(HoldError) as refused:
        cast.move(staff, hold, MONDAY + timedelta(minutes=30))

    assert refused.value.status == 409
    assert before in cast.rows(calcom)
    assert cast.register(hold) == before
    assert Hold.objects.get(pk=hold.pk).change is None


def test_a_move_to_another_event_type_takes_the_new_one_first(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)

    cast.move(staff, hold, LATER, event_type_id=SHORT)

    moved = Hold.objects.get(pk=hold.pk)
    assert cast.rows(calcom) == [cast.register(hold)]
    assert (moved.event_type_id, moved.event_type_title, moved.slot_start) == (
        SHORT,
        "Short 30",
        LATER,
    )
    assert moved.slot_end == LATER + timedelta(minutes=30)


def test_a_released_hold_is_gone_from_cal_com(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)

    done = cast.release(staff, hold, reason="client_rang_off", note="will call again")

    assert cast.rows(calcom) == []
    assert (done.state, done.end_reason, done.end_note) == (
        "released",
        "client_rang_off",
        "will call again",
    )
    assert cast.story(hold)[2:] == [
        ("intent", "release", "GET", ""),
        ("step", "release", "DELETE", ""),
        ("outcome", "release", "", "ok"),
    ]


def test_releasing_twice_is_no_error(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    cast.release(staff, hold)

    assert cast.release(staff, hold).state == "released"
    assert len(calcom.calls("DELETE")) == 1


def test_releasing_what_is_gone_says_so(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    calcom.remove_holds()

    assert cast.release(staff, hold).state == "gone"
    assert calcom.calls("DELETE") == []
