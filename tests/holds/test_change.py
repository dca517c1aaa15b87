"""The state machine of a change: each row of its table, and what a row cannot say."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dashboard.audit.trail import Outcome
from dashboard.calcom import CalcomError, Cause, Refused, Reservation
from dashboard.holds.change import Change, Phase, settled_by
from dashboard.holds.seen import (
    Accepted,
    Asked,
    Begin,
    Failed,
    Found,
    Look,
    NotSeen,
    OutOfTime,
    Seen,
)
from dashboard.holds.slots import SlotHold
from dashboard.holds.states import State
from dashboard.holds.steps import FIRST_PAUSE, Delete, Done, Patch, Result, Wait
from dashboard.holds.transitions import next_step
from tests.holds.model.calcom import (
    EPOCH,
    NOT_SEEN,
    REFUSALS,
    THROTTLED,
    UNANSWERED,
    Row,
    exchange,
    throttled,
)
from tests.holds.model.names import name_of_seen, name_of_step
from tests.holds.model.table import transitions

NOW = EPOCH - timedelta(days=2)
MINUTE = timedelta(minutes=1)
PARKED, SECOND_PLACE = EPOCH - timedelta(days=3000), EPOCH + timedelta(days=3000)
ORIGIN = SlotHold(1, EPOCH, EPOCH + 60 * MINUTE, None, NOW + 15 * MINUTE)
TARGET = SlotHold(1, EPOCH + 30 * MINUTE, EPOCH + 90 * MINUTE, None, NOW + 30 * MINUTE)
LONGER = replace(ORIGIN, held_until=NOW + 30 * MINUTE)

REFUSED = {
    "refused": Cause.NOT_RELATED,
    "refused move": Cause.ALREADY_BOOKED,
    "refused extension": Cause.ALREADY_BOOKED,
    "refused: extension is booked": Cause.ALREADY_BOOKED,
    "refused: own overlap": Cause.ALREADY_RESERVED,
    "refused: the place": Cause.ALREADY_RESERVED,
    "refused: not there": Cause.UNKNOWN_RESERVATION,
    "refused: taken at first": Cause.ALREADY_RESERVED,
}
SEEN: dict[str, Seen] = {
    "begin": Begin(),
    "look": Look(),
    "asked": Asked(is_answered=True),
    "not there": Found(None),
    "not seen": NotSeen(NOT_SEEN),
    "not done": Failed(THROTTLED),
    "no answer": Failed(UNANSWERED),
    "out of time": OutOfTime(),
    "out of time, no answer": OutOfTime(),
}
DELETED = {Phase.DELETING, Phase.DISCARDING, Phase.REPLACED, Phase.RETAKING}
AFTER_A_REFUSAL = {Phase.UNDOING, Phase.TURNED_AWAY, Phase.DISCARDING}
UNANSWERED_BEFORE = {Phase.PATCHING, Phase.PARKING}


def at(now: timedelta) -> datetime:
    return NOW + now


def answer(slot: SlotHold) -> Reservation:
    return Row("uid-0", slot).reservation()


def change_in(phase: Phase, *, by: str = "verb", seen: str = "") -> Change:
    """Return a change in a phase; a verb remembers what the words of ``seen`` imply."""
    failed = by == "verb" and (phase in UNANSWERED_BEFORE or "may land" in seen)
    failed |= "just failed" in seen or seen == "asked" or "out of time" in seen
    no_answer = seen == "asked" or "no answer" in seen or phase is not Phase.ASKING_AGAIN
    return Change(
        verb="extend" if "extension" in seen else "move",
        phase=phase,
        origin=ORIGIN,
        target=LONGER if "extension" in seen else TARGET,
        settled_by=NOW + MINUTE * 2 if "may land" in seen else NOW,
        parked=PARKED,
        is_answered="may land" not in seen,
        minutes=30,
        parking_places=() if "no place left" in seen else (SECOND_PLACE,),
        was_missing="was not there" in seen,
        resumed=by == "settle",
        refused_as=Cause.ALREADY_BOOKED if phase in AFTER_A_REFUSAL else "",
        refusal=REFUSALS[Cause.ALREADY_BOOKED] if phase in AFTER_A_REFUSAL else None,
        failure=(UNANSWERED if no_answer else THROTTLED) if failed else None,
    )


def seen_in(phase: Phase, name: str) -> Seen:
    """Return what the name says, as the runner would see it."""
    for suffix in (", no place left", ", all ran out", ", was not there"):
        name = name.removesuffix(suffix)
    if name in SEEN:
        return SEEN[name]
    if name in REFUSED:
        return Failed(REFUSALS[REFUSED[name]])
    parked = replace(change_in(phase).parking_slot(), slot_start=PARKED)
    landed = {Phase.PARKING: parked, Phase.UNDOING: ORIGIN}.get(phase, TARGET)
    if name == "accepted":
        return Accepted(None if phase in DELETED else answer(landed))
    elsewhere = replace(ORIGIN, slot_start=EPOCH + timedelta(days=1))
    places = {
        "before": ORIGIN,
        "target": TARGET,
        "parked": parked,
        "elsewhere": elsewhere,
        "ran": None,
    }
    back = replace(ORIGIN, held_until=ORIGIN.held_until + timedelta(milliseconds=500))
    slot = next((slot for word, slot in places.items() if word in name), back)
    return Found(answer(slot or replace(ORIGIN, held_until=NOW)))


def test_transitions_are_those_of_the_table() -> None:
    found = []
    for phase, by, seen, _step in transitions():
        change, what = change_in(Phase(phase), by=by, seen=seen), seen_in(Phase(phase), seen)
        now = at(timedelta(hours=3) if "all ran out" in seen else timedelta())
        step = next_step(change, what, now)
        found.append((phase, by, name_of_seen(change, what, now), name_of_step(step)))

    assert found == list(transitions())


@pytest.mark.parametrize("phase", [Phase.PATCHING, Phase.PARKING, Phase.DELETING, Phase.RETAKING])
def test_first_write_is_journaled_as_it_is_sent(phase: Phase) -> None:
    step = next_step(change_in(phase), Begin(), at(timedelta()))

    journal = Change.from_json(step.fields["change"])  # type: ignore[union-attr]
    assert journal.phase is phase
    assert journal.settled_by == settled_by(NOW)


def test_parking_place_is_held_a_minute_longer_than_the_hold_and_its_target() -> None:
    step = next_step(change_in(Phase.PARKING), Begin(), at(timedelta()))

    assert isinstance(step, Patch)
    assert step.slot.slot_start == PARKED
    assert step.slot.held_until == TARGET.held_until + MINUTE


def test_second_parking_place_follows_a_refused_one() -> None:
    refused = Failed(REFUSALS[Cause.ALREADY_RESERVED])

    step = next_step(change_in(Phase.PARKING), refused, at(timedelta()))

    assert isinstance(step, Patch)
    assert step.slot.slot_start == SECOND_PLACE
    assert Change.from_json(step.fields["change"]).parked == SECOND_PLACE


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (Cause.NOT_RELATED, 403),
        (Cause.UNKNOWN_EVENT_TYPE, 404),
        (Cause.WRONG_DURATION, 400),
        (Cause.NO_HOSTS, 400),
        (Cause.OTHER_REFUSAL, 413),
    ],
)
def test_refusal_that_any_place_would_meet_ends_parking(cause: Cause, status: int) -> None:
    """A new reservation would be refused as well, so no retake is offered."""
    refused = Failed(Refused(cause, exchange(status)))

    step = next_step(change_in(Phase.PARKING), refused, at(timedelta()))

    assert name_of_step(step) == "unchanged, refused"


def test_pauses_double_and_are_no_shorter_than_cal_com_asks() -> None:
    change, seconds = change_in(Phase.ARRIVING), []
    for error in (UNANSWERED, UNANSWERED, UNANSWERED, throttled(5)):
        step = next_step(change, NotSeen(error), at(timedelta()))
        assert isinstance(step, Wait)
        change = step.change
        seconds.append(step.seconds)

    assert seconds == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 5]


def test_refused_move_goes_back_without_the_pause_of_an_earlier_failure() -> None:
    failed = replace(change_in(Phase.ARRIVING), failure=throttled(5))
    refused = Failed(REFUSALS[Cause.ALREADY_BOOKED])
    now = at(timedelta())

    looks = next_step(failed, refused, now)
    step = next_step(looks.change, seen_in(Phase.UNDOING, "found parked"), now)

    assert name_of_step(step) == "PATCH undoing"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (UNANSWERED, Outcome.UNKNOWN),
        (THROTTLED, Outcome.UNAVAILABLE),
        (REFUSALS[Cause.NOT_RELATED], Outcome.REFUSED),
    ],
)
def test_settle_tells_why_a_change_stays_open(error: CalcomError, outcome: Outcome) -> None:
    change = change_in(Phase.DELETING, by="settle")

    step = next_step(change, Failed(error), at(timedelta()))

    assert isinstance(step, Done)
    assert (step.result, step.outcome) == (Result.UNSETTLED, outcome)
    assert step.fields.get("change", "kept") is not None


def test_process_that_takes_it_up_knows_that_it_was_booked() -> None:
    refusal = REFUSALS[Cause.ALREADY_BOOKED]
    booked = change_in(Phase.ARRIVING).turned_away(refusal)
    left = Change.from_json(booked.turned_away(refusal).to_json())

    step = next_step(left, seen_in(Phase.TURNED_AWAY, "found parked"), at(timedelta()))

    assert (left.phase, step.fields["state"]) == (Phase.TURNED_AWAY, State.BOOKED)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("phase", "seen", "state"),
    [
        (Phase.PLACING, "accepted", State.HELD),
        (Phase.PLACING, "refused", State.REFUSED),
        (Phase.PLACING, "asked", State.UNCONFIRMED),
        (Phase.DELETING, "accepted", State.RELEASED),
        (Phase.DELETING, "accepted, was not there", State.GONE),
        (Phase.PATCHING, "accepted", State.HELD),
        (Phase.PATCHING, "refused: not there", State.GONE),
        (Phase.UNDOING, "found at origin", State.HELD),
        (Phase.PATCHING, "refused: extension is booked", State.BOOKED),
        (Phase.TURNED_AWAY, "found parked", State.BOOKED),
        (Phase.TURNED_AWAY, "found parked, all ran out", State.EXPIRED),
        (Phase.RETAKING, "accepted", State.PLACING),
        (Phase.RETAKING, "not there", State.PLACING),
        (Phase.RETAKING, "not there, all ran out", State.LOST),
        (Phase.ASKING_AGAIN, "refused", State.LOST),
        (Phase.ASKING_AGAIN, "asked", State.UNCONFIRMED),
    ],
)
def test_state_that_a_transition_records(phase: Phase, seen: str, state: State) -> None:
    now = at(timedelta(hours=3) if "all ran out" in seen else timedelta())

    step = next_step(change_in(phase, seen=seen), seen_in(phase, seen), now)

    assert step.fields["state"] is state  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("phase", "seen", "end"),
    [
        (Phase.PATCHING, "not there", ORIGIN.held_until),
        (Phase.PATCHING, "refused: not there", ORIGIN.held_until),
        (Phase.DELETING, "accepted, was not there", ORIGIN.held_until),
        (Phase.DELETING, "ran out", NOW),
        (Phase.TURNED_AWAY, "found parked", TARGET.held_until),
    ],
)
def test_hold_ran_out_at_its_end_and_not_when_that_was_found(
    phase: Phase, seen: str, end: datetime
) -> None:
    step = next_step(change_in(phase, seen=seen), seen_in(phase, seen), at(timedelta(hours=3)))

    fields = step.fields  # type: ignore[union-attr]
    assert (fields["state"], fields["ended_at"]) == (State.EXPIRED, end)


def test_delete_of_a_parked_rest_does_not_put_off_when_an_earlier_patch_has_landed() -> None:
    change = change_in(Phase.DISCARDING, by="settle")

    step = next_step(change, seen_in(Phase.DISCARDING, "found parked"), at(timedelta()))

    assert (type(step), step.change) == (Delete, change)


@pytest.mark.parametrize("phase", [Phase.PATCHING, Phase.UNDOING])
def test_hold_at_its_origin_has_the_length_that_it_had_there(phase: Phase) -> None:
    """Others may have settled it at its target, before a late call brought it back."""
    change = replace(change_in(phase, by="settle"), origin=replace(ORIGIN, slot_duration=60))

    step = next_step(change, Found(answer(ORIGIN)), at(timedelta()))

    assert step.fields["slot_duration"] == 60  # type: ignore[union-attr]
