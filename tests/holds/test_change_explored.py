"""Every way in which a change can go, explored in a model of cal.com and of the register.

A process may be killed or freeze at each call, an answer may be missing, late or a refusal,
strangers may take each time that is given up, and ``settle`` may run at any moment after.
"""

from collections.abc import Callable
from itertools import product

import pytest

from tests.holds.model import processes
from tests.holds.model.explorer import Explored, explore
from tests.holds.model.processes import CallEnd, perform
from tests.holds.model.scenarios import SCENARIOS, Scenario
from tests.holds.model.table import transitions

# Ends of calls that may follow each other without limit.
ENDS = (
    CallEnd.ANSWERED,
    CallEnd.LOST_BEFORE,
    CallEnd.LOST_AFTER,
    CallEnd.THROTTLED,
    CallEnd.REFUSED_HERE,
    CallEnd.FORBIDDEN,
)
MOST_CALLS = 20  # of one verb, if each takes a moment: the pauses between them double


@pytest.mark.parametrize(
    ("events", "share"),
    [
        pytest.param(1, 0.6, id="one event"),
        # The rest of the table needs three, or reads at cal.com that are behind.
        pytest.param(2, 0.97, id="two events", marks=pytest.mark.slow),
    ],
)
def test_each_state_that_can_be_reached_is_accounted_for_and_settles(
    events: int, share: float, record_property: Callable[[str, object], None]
) -> None:
    processes.TRANSITIONS.clear()
    found = Explored()
    for scenario in SCENARIOS:
        start = scenario.start(events=min(events, scenario.events))
        explore(start, losses=scenario.losses, found=found)

    taken, table = processes.TRANSITIONS, set(transitions())
    record_property(
        "summary",
        f"changes of a hold with {events} things going wrong: {found.states} states,"
        f" {found.steps} steps, settled from {found.idle};"
        f" {len(taken)} of {len(table)} transitions taken",
    )
    assert taken <= table
    assert len(taken) >= share * len(table)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_run_ends(scenario: Scenario) -> None:
    for ends in product(ENDS, repeat=2):
        state, calls = scenario.start(events=0), 0
        while state.run is not None:
            state = perform(state, ends[calls % 2])
            calls += 1
        assert calls <= MOST_CALLS
