"""What can go wrong on the way to cal.com, on demand.

A fault waits for calls that match it, lets ``skip`` of them pass, strikes the next ``count`` and is
spent. ``when`` says on which side of cal.com's own work it strikes: before it, so that nothing was
done, or after it, so that the work is done and only the answer suffers.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dashboard.sandbox.routes import TEMPLATES


class Kind(StrEnum):
    DELAY = "delay"  # seconds pass
    DROP = "drop"  # the connection closes without an answer; "during": in the middle of one
    RESET = "reset"  # the same with a TCP reset
    TOO_MANY = "429"  # with the rate headers of a block of so many seconds
    ERROR = "500"  # in cal.com's envelope
    BARE_ERROR = "500-bare"  # as the framework writes it
    BAD_GATEWAY = "502"  # HTML of a proxy
    UNAVAILABLE = "503"  # HTML of a proxy
    HTML = "html"  # HTML where JSON should be, with status 200
    TRUNCATED = "truncated"  # half of the JSON, as if it were all
    STRANGER_HOLDS = "stranger"  # somebody else takes a hold on a time
    STRANGER_BOOKS = "stranger-books"  # somebody else books a time


class When(StrEnum):
    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


_USUAL = {
    Kind.BAD_GATEWAY: When.AFTER,
    Kind.HTML: When.AFTER,
    Kind.TRUNCATED: When.AFTER,
}
_ALLOWED = {
    Kind.DROP: set(When),
    Kind.RESET: {When.BEFORE, When.AFTER},
    Kind.TOO_MANY: {When.BEFORE},
    Kind.TRUNCATED: {When.AFTER},
}


@dataclass(slots=True)
class Fault:
    """``count`` None strikes until it is cleared. The last three are a stranger's: by default the
    time the call asks for (before) or has just given up (after), for five minutes."""

    kind: Kind
    when: When
    method: str | None = None
    route: str | None = None
    count: int | None = 1
    skip: int = 0
    seconds: float = 0
    event_type_id: int | None = None
    slot_start: datetime | None = None
    minutes: int = 5
    id: int = 0
    hits: int = 0
    lifted: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    @property
    def is_spent(self) -> bool:
        return self.count is not None and self.hits >= self.count


class Faults:
    """The faults of one stand-in, shared by its threads."""

    def __init__(self) -> None:
        self._all: dict[int, Fault] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(
        self,
        kind: str,
        *,
        when: str | None = None,
        method: str | None = None,
        route: str | None = None,
        count: int | None = 1,
        skip: int = 0,
        seconds: float = 0,
        event_type_id: int | None = None,
        slot_start: datetime | None = None,
        minutes: int = 5,
    ) -> int:
        """Arm a fault and give its number.

        ``route`` is a template such as ``/v2/slots/reservations/{uid}``, ``seconds`` a delay's or a
        block's. Raises ValueError for a kind, a side or a route that does not exist.
        """
        chosen = Kind(kind)
        side = When(when) if when else _USUAL.get(chosen, When.BEFORE)
        if side not in _ALLOWED.get(chosen, {When.BEFORE, When.AFTER}):
            raise ValueError(f"{chosen} cannot strike {side} cal.com's work")
        if route is not None and route not in TEMPLATES:
            raise ValueError(f"{chosen}: no such route as {route}")
        fault = Fault(
            kind=chosen,
            when=side,
            method=method.upper() if method else None,
            route=route,
            count=count,
            skip=skip,
            seconds=seconds,
            event_type_id=event_type_id,
            slot_start=slot_start,
            minutes=minutes,
        )
        with self._lock:
            fault.id = next(self._ids)
            self._all[fault.id] = fault
        return fault.id

    def strike(self, method: str, route: str | None) -> list[Fault]:
        """The faults that this call meets."""
        with self._lock:
            return [fault for fault in self._all.values() if _strikes(fault, method, route)]

    def hits(self, number: int) -> int:
        """How many calls it struck so far. Raises KeyError for one that is not there."""
        return self._all[number].hits

    def all(self) -> list[Fault]:
        """Armed and spent ones, oldest first."""
        with self._lock:
            return list(self._all.values())

    def clear(self, number: int | None = None) -> None:
        """Take one away, or all; calls that a delay still keeps go on at once."""
        with self._lock:
            for fault in [self._all[number]] if number is not None else list(self._all.values()):
                fault.lifted.set()
                del self._all[fault.id]


def _strikes(fault: Fault, method: str, route: str | None) -> bool:
    if fault.method not in {None, method} or fault.route not in {None, route} or fault.is_spent:
        return False
    if fault.skip:
        fault.skip -= 1
        return False
    fault.hits += 1
    return True
