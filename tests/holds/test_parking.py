"""Extensions and moves where cal.com counts a reservation as its own overlap."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.trail import Outcome
from dashboard.calcom import Cause
from dashboard.calcom_state.models import StoredAnswer, Upstream
from dashboard.holds import settle
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from dashboard.sandbox.fixtures import Booking
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register, is_held_for, sent, states
from tests.holds.verbs import ALL, CONSULT, EVENT_TYPE, MONDAY, ONE, ROUND_ROBIN, SHORT
from tests.kept import forget_kept


@pytest.fixture
def unknown_kind(calcom: Sandbox) -> Iterator[None]:
    """No event type can be read, so its kind is not known."""
    calcom.faults.add("500", route=EVENT_TYPE, count=None)
    forget_kept()
    yield
    forget_kept()


def run_out(calcom: Sandbox, hold: Hold) -> None:
    """Let the hold's minute pass on cal.com's clock."""
    calcom.clock.shift(61)
    Upstream.objects.update(clock_offset_ms=61_000)


def test_time_taken_while_parked_is_lost(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    uid = Hold.objects.get(pk=hold.pk).reservation_uid
    calcom.faults.add("stranger", when="after", method="PATCH", route=ONE, skip=1)

    with pytest.raises(HoldError) as lost:
        verbs.extend(staff, hold)

    happened = "The hold is lost: during the change the time was reserved at cal.com."
    assert (lost.value.happened, lost.value.status) == (happened, 409)
    hold.refresh_from_db()
    assert (hold.state, hold.end_reason, hold.change) == ("lost", "already_reserved", None)
    assert uid not in [row.uid for row in calcom.rows()]  # the parked one is deleted


@pytest.mark.parametrize(
    ("neighbour", "cause"),
    [
        ("stranger", "retake_needed"),
        ("colleague", Cause.ALREADY_RESERVED),  # so that it cannot be retaken either
        ("booking", Cause.ALREADY_BOOKED),
    ],
)
@pytest.mark.parametrize("verb", ["extend", "move"])
def test_slot_that_would_come_back_longer_is_not_given_up(
    calcom: Sandbox, staff: User, verb: str, neighbour: str, cause: str
) -> None:
    hold, end = verbs.place(staff, event_type=SHORT), MONDAY + timedelta(minutes=30)
    verbs.extend(staff, hold, 20)  # cal.com is now known to count the self-overlap
    calcom.change_event_type(SHORT, length=45)
    StoredAnswer.objects.all().delete()
    if neighbour == "stranger":
        calcom.insert_reservation(SHORT, end)
    elif neighbour == "colleague":
        verbs.place(staff, event_type=SHORT, start=end)
    else:
        calcom.add_booking(Booking("b", SHORT, end, end + timedelta(minutes=45)))
    before = at_cal_com(calcom)
    calcom.forget_calls()

    with pytest.raises(HoldError) as refused:
        verbs.extend(staff, hold) if verb == "extend" else verbs.move(
            staff, hold, MONDAY + timedelta(minutes=15)
        )

    assert "The hold is unchanged" in refused.value.safe
    assert (refused.value.cause, len(refused.value.others)) == (cause, neighbour == "colleague")
    assert (sent(calcom), states(hold)) == ([("PATCH", 422)], ["held"])
    assert at_cal_com(calcom) == before


@pytest.mark.parametrize("retake", [False, True])
def test_round_robin_is_never_parked(calcom: Sandbox, staff: User, *, retake: bool) -> None:
    """Neither is it retaken, whatever the person agreed to: the new one first is always safe."""
    hold = verbs.place(staff, event_type=ROUND_ROBIN)
    calcom.forget_calls()

    verbs.extend(staff, hold, retake=retake)
    verbs.move(staff, hold, MONDAY + timedelta(minutes=30))

    assert sent(calcom) == [("POST", 201), ("DELETE", 200)] * 2
    assert at_cal_com(calcom) == in_register(hold)


@pytest.mark.parametrize("believed", [False, True])
@pytest.mark.usefixtures("unknown_kind")
def test_unknown_kind_is_parked_once_it_is_known_to_be_safe(
    calcom: Sandbox, staff: User, *, believed: bool
) -> None:
    """A POST beside the hold, which only round robin accepts, is refused."""
    hold = verbs.place(staff)
    until = timezone.now() + timedelta(hours=1) if believed else None
    Upstream.objects.update(self_overlap_until=until)
    before, started = in_register(hold), timezone.now()
    calcom.forget_calls()

    verbs.extend(staff, hold, 30)

    in_place = [] if believed else [("PATCH", 422)]
    assert sent(calcom) == [("POST", 422), *in_place, ("PATCH", 200), ("PATCH", 200)]
    assert at_cal_com(calcom) == in_register(hold) == before
    assert is_held_for(hold, 30, since=started)
    calcom.forget_calls()
    verbs.extend(staff, hold, 40)
    verbs.move(staff, hold, MONDAY + timedelta(minutes=30))
    assert sent(calcom) == [("PATCH", 200)] * 4  # it is known from now on
    assert states(hold) == ["held"]


@pytest.mark.usefixtures("unknown_kind")
def test_round_robin_that_cannot_be_read_is_never_parked(calcom: Sandbox, staff: User) -> None:
    hold, other = (verbs.place(staff, event_type=ROUND_ROBIN) for _ in range(2))
    calcom.forget_calls()

    verbs.extend(staff, hold, 30)
    verbs.move(staff, hold, MONDAY + timedelta(minutes=30))

    assert sent(calcom) == [("POST", 201), ("DELETE", 200)] * 2
    assert at_cal_com(calcom) == in_register(hold, other)


@pytest.mark.usefixtures("unknown_kind")
def test_unknown_kind_tells_why_it_is_not_changed(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    before = at_cal_com(calcom)
    calcom.faults.add("500", method="POST", route=ALL)

    with pytest.raises(HoldError) as unknown:
        verbs.extend(staff, hold, 30)

    assert unknown.value.cause == "server_fault"
    assert "The hold is unchanged" in unknown.value.safe
    assert at_cal_com(calcom) == before


def test_expired_hold_is_revived_in_place(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff, minutes=1)
    before = in_register(hold)
    run_out(calcom, hold)
    settle.settle_times(timezone.now())
    assert states(hold) == ["expired"]
    calcom.forget_calls()

    verbs.extend(staff, hold, 20)

    assert sent(calcom) == [("PATCH", 200)]
    assert states(hold) == ["held"]
    assert at_cal_com(calcom) == in_register(hold) == before


def test_expired_hold_whose_time_is_taken_stays_expired(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff, minutes=1)
    run_out(calcom, hold)
    calcom.insert_reservation(CONSULT, MONDAY)

    with pytest.raises(HoldError) as refused:
        verbs.extend(staff, hold)

    assert (refused.value.status, refused.value.safe) == (
        409,
        "This hold is no longer live.",
    )
    assert states(hold) == ["expired"]


def test_belief_in_the_self_overlap_ends(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    verbs.extend(staff, hold, 30)
    assert Upstream.objects.get().self_overlap_until is not None
    Upstream.objects.update(self_overlap_until=timezone.now() - timedelta(seconds=1))
    calcom.forget_calls()

    verbs.extend(staff, hold, 40)

    assert [status for _, status in sent(calcom)] == [422, 200, 200]


def test_refused_delete_after_an_unanswered_one_is_unknown(calcom: Sandbox, staff: User) -> None:
    """cal.com may have done the first one."""
    hold = verbs.place(staff)
    calcom.faults.add("drop", when="after", method="DELETE", route=ONE)
    calcom.faults.add("429", method="DELETE", route=ONE, skip=1, count=None, seconds=20)

    with pytest.raises(HoldError) as unknown:
        verbs.release(staff, hold)

    assert unknown.value.outcome == Outcome.UNKNOWN
    assert "is unchanged" not in unknown.value.safe


def test_key_of_a_team_mate_can_extend_and_move(
    calcom: Sandbox, staff: User, settings: pytest.FixtureRequest
) -> None:
    """It may hold the owner's event types, and cannot read them."""
    settings.CALCOM_API_KEY = "cal_mate0123456789"
    hold = verbs.place(staff)
    assert (hold.event_type_title, hold.event_type_kind) == ("", "")

    verbs.extend(staff, hold, 30)
    verbs.move(staff, hold, MONDAY + timedelta(minutes=30))

    assert states(hold) == ["held"]
    assert at_cal_com(calcom) == in_register(hold)
