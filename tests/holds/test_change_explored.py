"""Every way in which a change can go, explored in a model of cal.com and of the register.

A process may be killed or stand still at each call, an answer may be missing, late or a refusal,
strangers may take each time that is given up, and ``settle`` may come at any moment after.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from tests.holds.model import processes
from tests.holds.model.explorer import Explored, explore
from tests.holds.model.processes import Fate, perform
from tests.holds.model.scenarios import SCENARIOS, Scenario
from tests.holds.model.table import transitions

# Answers of which a bad day may bring any number, in turns.
ANSWERS = (
    Fate.ANSWERED,
    Fate.LOST_BEFORE,
    Fate.LOST_AFTER,
    Fate.THROTTLED,
    Fate.REFUSED_HERE,
    Fate.FORBIDDEN,
)
MOST_CALLS = 12  # of one verb, if each takes a moment


@pytest.mark.parametrize(
    ("trouble", "share"), [(1, 0.5), pytest.param(2, 1, marks=pytest.mark.slow)]
)
def test_whatever_goes_wrong_every_hold_is_accounted_for(
    trouble: int, share: float, record_property: Callable[[str, object], None]
) -> None:
    processes.TRANSITIONS.clear()
    found = Explored()
    for scenario in SCENARIOS:
        start = scenario.start(trouble=min(trouble, scenario.trouble))
        explore(start, keeps=scenario.keeps, found=found)

    taken, table = processes.TRANSITIONS, set(transitions())
    record_property(
        "summary",
        f"changes of a hold, struck {trouble} times: {found.steps} steps between {found.worlds}"
        f" worlds, {found.rests} times settled, {len(taken)} of {len(table)} transitions",
    )
    assert taken <= table
    assert len(taken) >= share * len(table)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_run_ends(scenario: Scenario) -> None:
    for answers in product(ANSWERS, repeat=2):
        world, calls = scenario.start(trouble=0), 0
        while world.run is not None:
            world = perform(world, answers[calls % 2])
            calls += 1
        assert calls <= MOST_CALLS
