"""Verbs as the state machine sees them, each with a register and a cal.com to start from."""

from dataclasses import dataclass
from datetime import timedelta

from dashboard.holds import alteration, services
from dashboard.holds.change import Change, Phase, settled_by
from dashboard.holds.seen import Begin
from dashboard.holds.slots import SlotHold, minutes_until
from dashboard.holds.states import State
from tests.holds.model.calcom import EPOCH, ROUND_ROBIN, Calcom, Row, replace
from tests.holds.model.processes import begin
from tests.holds.model.register import ModelState, held_row, placing_row

NOW = EPOCH - timedelta(days=2)
HOUR = timedelta(hours=1)
PARKING = (EPOCH - timedelta(days=3000), EPOCH + timedelta(days=3000))
CONSULT, OTHER_TYPE = 1, 4
LEFT_PARKED = {Phase.UNDOING, Phase.TURNED_AWAY}  # by a verb that is over


KEEPS = frozenset({State.LOST, State.GONE, State.EXPIRED, State.RELEASED, State.REFUSED})
MAY_END = frozenset({State.LOST})  # in other ways: a time that was never had, or was given up


@dataclass(frozen=True)
class Scenario:
    """A verb on a hold. ``losses`` are the ends that only a stranger, or time, may bring.

    ``events`` is how many may go wrong: one where another scenario comes to the same states.
    """

    name: str
    phase: Phase
    verb: str = "extend"
    calls: int = alteration.PARK_AND_RETURN_CALLS
    event_type: int = CONSULT
    left: float = 15  # minutes that the hold still has; negative where it ran out
    to: timedelta = timedelta()  # how much later the target starts
    to_type: int | None = None
    minutes: int = 30  # until the target's end
    parks: bool = False
    counts_itself: bool = True
    losses: frozenset[State] = KEEPS
    events: int = 2

    def origin(self) -> SlotHold:
        until = NOW + timedelta(minutes=self.left)
        return SlotHold(self.event_type, EPOCH, EPOCH + HOUR, None, until)

    def target(self) -> SlotHold:
        start = EPOCH + self.to
        until = NOW + timedelta(minutes=self.minutes)
        return SlotHold(self.to_type or self.event_type, start, start + HOUR, None, until)

    def change(self) -> Change:
        change = Change(
            verb=self.verb,
            phase=self.phase,
            origin=self.origin(),
            target=self.target(),
            settled_by=settled_by(NOW),
            minutes=minutes_until(self.target().held_until, NOW),
            parking_places=PARKING if self.parks else (),
        )
        return change.parked_next() if self.phase is Phase.PARKING else change

    def start(self, *, events: int) -> ModelState:
        """Return the state before the first call."""
        origin, change = self.origin(), self.change()
        calcom = Calcom(frozenset({Row("uid-0", origin)}), counts_itself=self.counts_itself)
        hold, stand_in = held_row(origin), None
        if self.left < 0:
            hold = replace(hold, state=State.EXPIRED)
        if self.phase is Phase.PLACING:
            hold, calcom = (
                placing_row(self.target(), self.minutes),
                replace(calcom, rows=frozenset()),
            )
        elif self.phase is Phase.REPLACING:
            stand_in = placing_row(self.target(), self.minutes)
        elif self.phase is not Phase.CHECKING:  # those are journaled with the claim
            hold = hold.with_fields({"change": change.to_json()})
        if self.phase in LEFT_PARKED:
            change = replace(change, parked=PARKING[0])
            row = Row("uid-0", change.parking_slot())
            calcom = replace(calcom, rows=frozenset({row}))
            hold = hold.with_fields({"change": change.to_json()})
            return ModelState(NOW, calcom, hold, events_left=events)
        state = ModelState(NOW, calcom, hold, stand_in, events_left=events)
        return begin(state, change, Begin(), calls=self.calls)


SCENARIOS = (
    Scenario("place", Phase.PLACING, "place", services.PLACE_CALLS, losses=MAY_END),
    Scenario("release", Phase.CHECKING, "release", services.RELEASE_CALLS, losses=MAY_END),
    Scenario("extend where cal.com lets it", Phase.PATCHING, parks=True, counts_itself=False),
    Scenario("extend, in place first", Phase.PATCHING, parks=True),
    Scenario("extend by parking at once", Phase.PARKING, parks=True, events=1),
    Scenario("extend what may not be parked", Phase.PATCHING),
    Scenario("extend what ran out", Phase.PATCHING, left=-1, losses=MAY_END),
    Scenario("extend seconds before the end", Phase.PARKING, left=0.1, parks=True, losses=MAY_END),
    Scenario("move away", Phase.PATCHING, "move", alteration.PATCH_CALLS, to=2 * HOUR, minutes=15),
    Scenario("move half away", Phase.PATCHING, "move", to=HOUR / 2, minutes=15, parks=True),
    Scenario(
        "extend round robin, new first",
        Phase.REPLACING,
        calls=alteration.NEW_FIRST_CALLS,
        event_type=ROUND_ROBIN,
    ),
    Scenario(
        "move to another event type",
        Phase.REPLACING,
        "move",
        alteration.NEW_FIRST_CALLS,
        to_type=OTHER_TYPE,
        minutes=15,
    ),
    Scenario("settle a move that goes back", Phase.UNDOING, "move", to=HOUR / 2, minutes=15),
    Scenario("settle a hold that is lost", Phase.TURNED_AWAY, losses=frozenset()),
    Scenario("retake", Phase.RETAKING, "retake", alteration.RETAKE_CALLS, losses=MAY_END),
)
