"""Faults on the way to cal.com, on demand.

A fault lets ``skip`` of the calls that match it pass, strikes the next ``count`` and is spent.
``when`` is the side of cal.com's own work on which it strikes: before it, so that nothing was done,
or after it, so that the work was done and only the answer is spoilt. A delay between the check and
the write of POST or PATCH lets all calls that come meanwhile win together.
"""

import itertools
import threading
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from dashboard.sandbox.routing import TEMPLATES


class FaultKind(StrEnum):
    DELAY = "delay"  # of so many seconds
    DROP = "drop"  # the connection is closed without an answer; "during": in the middle of it
    RESET = "reset"  # the same with a TCP reset
    TOO_MANY = "429"  # with the rate headers of a block of so many seconds
    ERROR = "500"  # as when cal.com's database is down: in the envelope, counted
    BARE_ERROR = "500-bare"  # as when its Redis is down: bare, not counted
    BAD_GATEWAY = "502"  # HTML of a proxy
    UNAVAILABLE = "503"  # HTML of a proxy
    HTML = "html"  # HTML in place of JSON, with status 200
    TRUNCATED = "truncated"  # half of the JSON as if it were all
    STRANGER_HOLDS = "stranger"  # another person holds a slot
    STRANGER_BOOKS = "stranger-books"  # another person books a slot


class When(StrEnum):
    BEFORE = "before"
    BETWEEN = "between"
    DURING = "during"
    AFTER = "after"


# Sides on which a kind can strike, the usual one first.
SIDES = dict.fromkeys(FaultKind, (When.BEFORE, When.AFTER)) | {
    FaultKind.DELAY: (When.BEFORE, When.BETWEEN, When.AFTER),
    FaultKind.DROP: (When.BEFORE, When.DURING, When.AFTER),
    FaultKind.TOO_MANY: (When.BEFORE,),
    FaultKind.BAD_GATEWAY: (When.AFTER, When.BEFORE),
    FaultKind.HTML: (When.AFTER, When.BEFORE),
    FaultKind.TRUNCATED: (When.AFTER,),
}


@dataclass(slots=True)
class Fault:
    """One fault; without a ``count`` it strikes until it is cleared.

    ``seconds`` is the length of a delay or a block. ``event_type_id``, ``slot_start`` and
    ``minutes`` are the slot a stranger takes, and for how long; by default the slot that the call
    asks for or, afterwards, gave up.
    """

    kind: FaultKind
    when: When
    method: str | None = None
    route: str | None = None
    count: int | None = 1
    skip: int = 0
    seconds: float = 0
    event_type_id: int | None = None
    slot_start: datetime | None = None
    minutes: int = 5
    id: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)
    lifted: threading.Event = field(default_factory=threading.Event, init=False, repr=False)

    def strikes(self, method: str, route: str | None) -> bool:
        """Return whether the fault strikes a call, and count the call."""
        is_spent = self.count is not None and self.hits >= self.count
        if is_spent or self.method not in {None, method} or self.route not in {None, route}:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True

    def wait(self) -> None:
        self.lifted.wait(self.seconds)


class Faults:
    """The faults of one sandbox, shared by its threads."""

    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, kind: str, *, when: str | None = None, **options: Any) -> int:
        """Add a fault and return its number; ``options`` are the other fields of ``Fault``.

        Raises ValueError for an unknown kind, side or route (a template such as
        ``/v2/slots/reservations/{uid}``), TypeError for an unknown option.
        """
        chosen = FaultKind(kind)
        fault = Fault(chosen, When(when) if when else SIDES[chosen][0], **options)
        fault.method = fault.method and fault.method.upper()
        if fault.when not in SIDES[chosen]:
            raise ValueError(f"{chosen} cannot strike {fault.when} cal.com's work")
        if fault.route not in {None, *TEMPLATES}:
            raise ValueError(f"{chosen}: no such route as {fault.route}")
        with self._lock:
            fault.id = next(self._ids)
            self._faults[fault.id] = fault
        return fault.id

    def strike(self, method: str, route: str | None, *sides: When) -> list[Fault]:
        """Return the faults that strike a call on these sides of the work."""
        with self._lock:
            faults = [fault for fault in self._faults.values() if fault.when in sides]
            return [fault for fault in faults if fault.strikes(method, route)]

    def hits(self, number: int) -> int:
        """Return the number of calls struck. Raises KeyError for an unknown fault."""
        return self._faults[number].hits

    def all(self) -> list[Fault]:
        with self._lock:
            return list(self._faults.values())

    def clear(self, number: int | None = None) -> None:
        """Remove one fault, or all; delayed calls go on. Raises KeyError for an unknown one."""
        with self._lock:
            for each in [number] if number is not None else list(self._faults):
                self._faults.pop(each).lifted.set()
