"""Cases of faults in the calls of staff actions: faults, kills, and processes that freeze.

The state machine of a change is explored in ``test_change_explored``. Here each call meets a
fault, and each fault a call, over real HTTP, which proves that the runner follows it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.holds.staff_actions import ACTIONS, BY_NAME, STRANGERS_MINUTES, StaffAction


@dataclass(frozen=True)
class Fault:
    """A fault that the sandbox injects into one call; ``then`` is one for all calls after it."""

    name: str
    kind: str
    when: str | None = None
    then: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def times_out(self) -> bool:
        """Return whether a call waits for its time limit, which a test then shortens."""
        return self.kind == "delay" or bool(self.then)

    def applies_to(self, method: str) -> bool:
        """Return whether the call has what it needs: a stranger takes a time, or one given up."""
        if not self.kind.startswith("stranger"):
            return True
        return method in {"POST", "PATCH"} or (method == "DELETE" and self.when == "after")


STRANGER = {"minutes": STRANGERS_MINUTES}
LONG = {"seconds": 30}
HELD_BEFORE = Fault("stranger reserves before", "stranger", "before", more=STRANGER)

FAULTS = (
    Fault("too slow, done later", "delay", "before", more=LONG),
    Fault("done, answer too slow", "delay", "after", more=LONG),
    Fault("dropped before", "drop", "before"),
    Fault("dropped in the answer", "drop", "during"),
    Fault("dropped after", "drop", "after"),
    Fault("reset before", "reset", "before"),
    Fault("reset after", "reset", "after"),
    Fault("429", "429"),
    Fault("500 before", "500", "before"),
    Fault("500 after", "500", "after"),
    Fault("bare 500 before", "500-bare", "before"),
    Fault("bare 500 after", "500-bare", "after"),
    Fault("502 before", "502", "before"),
    Fault("502 after", "502", "after"),
    Fault("503 before", "503", "before"),
    Fault("HTML before", "html", "before"),
    Fault("HTML after", "html", "after"),
    Fault("half of the JSON", "truncated"),
    HELD_BEFORE,
    Fault("stranger reserves after", "stranger", "after", more=STRANGER),
    Fault("stranger books before", "stranger-books", "before"),
    Fault("stranger books after", "stranger-books", "after"),
    Fault("dropped before, then all are", "drop", "before", then="drop"),
    Fault("dropped after, then all are", "drop", "after", then="drop"),
    Fault("dropped before, then 429", "drop", "before", then="429"),
    Fault("dropped after, then 429", "drop", "after", then="429"),
    Fault("429 from then on", "429", then="429"),
)
FaultCase = tuple[StaffAction, int, Fault]
# Without these two no hold would be lost, and none brought back to its old time.
ON_THE_WAY_BACK: tuple[FaultCase, ...] = (
    (BY_NAME["extend by parking"], 2, HELD_BEFORE),
    (BY_NAME["move to an overlapping time"], 2, HELD_BEFORE),
)


def fault_cases() -> list[FaultCase]:
    """Return each fault at one call, always at one of those with the fewest faults so far.

    Calls that write come first, and so do faults that only they have, that last, and after which
    they were done.
    """
    calls = [(action, number) for action in ACTIONS for number in action.calls_to_inject]
    calls.sort(key=lambda call: call[0].calls[call[1]] == "GET")
    by_weight = sorted(
        FAULTS, key=lambda fault: (fault.applies_to("GET"), not fault.then, fault.when != "after")
    )
    faults: Counter[tuple[str, int]] = Counter()
    cases = list(ON_THE_WAY_BACK)
    for fault in by_weight:
        fitting = [
            (action, number)
            for action, number in calls
            if fault.applies_to(action.calls[number]) and (action, number, fault) not in cases
        ]
        action, number = min(fitting, key=lambda call: faults[call[0].name, call[1]])
        faults[action.name, number] += 1
        cases.append((action, number, fault))
    return cases


@dataclass(frozen=True)
class Moment:
    """The moment at which a process is killed or freezes.

    ``call`` counts from one; 0 is outside all calls.
    """

    at: str  # arrival, before, sent, answered, departure
    call: int = 0

    def __str__(self) -> str:
        return f"{self.at} call {self.call}" if self.call else self.at


def moments(action: str, *chosen: str) -> list[tuple[StaffAction, Moment]]:
    """Return moments of an action, such as "before 1"."""
    return [(BY_NAME[action], moment_of(text)) for text in chosen]


def moment_of(text: str) -> Moment:
    at, _, call = text.partition(" ")
    return Moment(at, int(call or 0))


# Each phase of a change is killed once, and at each moment of a call at least three.
KILLS = [
    *moments("place", "arrival", "before 1", "sent 1", "answered 1", "departure"),
    *moments("check", "answered 1"),
    *moments("extend in place", "sent 1"),
    *moments("extend by parking", "before 2", "sent 2", "answered 3"),
    *moments("extend round robin", "answered 1", "before 2"),
    *moments("extend by retake", "sent 4", "before 5"),
    *moments("move to an overlapping time", "answered 2"),
    *moments("release", "before 1", "sent 2"),
    *moments("take over", "arrival"),
]
# Killed half-way, and then again while ``manage.py settle`` looks (call 1) or writes (call 2).
KILLS_OF_SETTLE = [
    (BY_NAME[action], moment_of(first), moment_of(second))
    for action, first, second in (
        ("extend by parking", "answered 2", "before 1"),
        ("move to an overlapping time", "sent 2", "sent 2"),
        ("extend round robin", "before 2", "answered 2"),
        ("release", "before 2", "answered 1"),
    )
]
# A process that freezes until others have settled its hold, and then goes on.
FREEZES = [
    *moments("place", "before 1", "answered 1"),
    *moments("extend in place", "before 1"),
    *moments("extend by parking", "before 2", "answered 2", "before 3"),
    *moments("extend round robin", "answered 1", "before 2"),
    *moments("extend by retake", "before 4", "answered 5"),
    *moments("move to an overlapping time", "answered 3"),
    *moments("release", "answered 1", "before 2"),
    *moments("release several", "before 2"),
]
