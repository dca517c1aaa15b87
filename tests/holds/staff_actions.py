"""One table of what staff do on the pages, as forms that any browser can send."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.holds.verbs import ALL, CONSULT, LATER, MONDAY, ONE, ROUND_ROBIN, SHORT

# Data of the client, which must never be in the audit.
CLIENT = {
    "client_name": "Grace Hopperly",
    "client_contact": "grace@example.test",
    "note": "rang from the airport",
}
KNOWN_UID = "5f1c7a52-1111-4222-8333-444455556666"  # of a reservation made outside Holdfast
STRANGERS_MINUTES = 100  # longer than any hold of these tests, which tells the two apart
NEARBY = MONDAY + timedelta(minutes=30)


@dataclass(frozen=True)
class Form:
    """A form and its address.

    ``{hold}`` is the hold placed first, ``{other}`` one placed after it, ``{offer}`` the offer; a
    tuple is a field with several values.
    """

    to: str
    data: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def filled(self, ids: Mapping[str, int]) -> tuple[str, dict[str, str | list[str]]]:
        """Return address and fields with these ids."""
        fields = {
            name: [each.format(**ids) for each in value]
            if isinstance(value, tuple)
            else value.format(**ids)
            for name, value in self.data.items()
        }
        return self.to.format(**ids), fields


@dataclass(frozen=True)
class StaffAction:
    """An action on a page, with what has to be there before.

    ``calls`` are the methods of its calls to cal.com when nothing fails; ``injected`` are the
    numbers of those that get a fault here, all where it is None. ``holds`` is the event type and
    start that are held after it. ``faults_before`` are
    injected into earlier calls of the action.
    """

    name: str
    form: Form
    calls: tuple[str, ...]
    holds: tuple[int, datetime] | None
    before: tuple[Form, ...] = ()
    waits: int = 0  # seconds between the two
    faults_before: Mapping[str, Any] = field(default_factory=dict)
    injected: tuple[int, ...] | None = None
    statuses: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # by outcome
    leads_to: str = "/holds/{hold}/"
    reads_only: bool = False  # claims nothing, changes nothing at cal.com
    changes_several: bool = False  # holds, each with its own outcome
    by: str = "staff"

    @property
    def in_audit(self) -> str:
        """Return the name of the action in the audit."""
        first = self.name.split()[0]
        return {"look": "look_up", "take": "take_in"}.get(first, first)

    @property
    def calls_to_inject(self) -> tuple[int, ...]:
        """Return the numbers of the calls that get a fault."""
        return tuple(range(len(self.calls))) if self.injected is None else self.injected

    def expected_statuses(self, outcome: str) -> tuple[int, ...]:
        """Return the HTTP statuses that its page may answer with."""
        usual = {"ok": (303,), "unknown": (303,), "refused": (409, 422), "unavailable": (503,)}
        return self.statuses.get(outcome, usual[outcome])

    def call(self, number: int) -> tuple[str, str, int]:
        """Return method, route, and how many of the same method went before."""
        method = self.calls[number]
        return method, route_of(method), self.calls[:number].count(method)

    def calls_by_route(self, number: int) -> dict[str, int]:
        """Return how many calls each route has had after this one."""
        routes = [route_of(method) for method in self.calls[: number + 1]]
        return {route: routes.count(route) for route in (ALL, ONE)}


def route_of(method: str) -> str:
    return ALL if method == "POST" else ONE


def prepare(
    action: StaffAction, send: Callable[[Form, Mapping[str, int]], Sequence[Any]]
) -> dict[str, int]:
    """Send the forms before the action; return the ids that its own form names."""
    ids: dict[str, int] = {}
    for form in action.before:
        status, location, *_rest = send(form, ids)
        assert status == 303
        hold = re.fullmatch(r"/holds/(\d+)/", location)
        offer = re.search(r"[?&]offer=(\d+)", location)
        if hold:
            ids |= {"other" if "hold" in ids else "hold": int(hold[1])}
        elif offer:
            ids |= {"offer": int(offer[1])}
    return ids


def place(
    event_type: int = CONSULT, minutes: int = 15, start: datetime = MONDAY, **more: str
) -> Form:
    fields = {
        "event_type_id": str(event_type),
        "slot_start": start.isoformat(),
        "reservation_duration": str(minutes),
    }
    return Form("/holds/new", fields | more | CLIENT)


def extend(**more: str) -> Form:
    return Form("/holds/{hold}/extend", {"reservation_duration": "30", **more})


def move(start: datetime, **more: str) -> Form:
    return Form("/holds/{hold}/move", {"slot_start": start.isoformat(), **more})


UID = {"uid": KNOWN_UID}
# Strangers take every place where the hold would be parked.
NO_PARKING = {
    "kind": "stranger",
    "method": "PATCH",
    "route": ONE,
    "skip": 1,
    "count": 2,
    "minutes": STRANGERS_MINUTES,
}
RELEASE = {"reason": "mistake", "note": CLIENT["note"]}

ACTIONS = (
    StaffAction("place", place(), ("POST",), (CONSULT, MONDAY)),
    StaffAction(
        "check",
        Form("/holds/{hold}/check"),
        ("GET",),
        (CONSULT, MONDAY),
        before=(place(),),
        reads_only=True,
    ),
    StaffAction(
        "check several",
        Form("/check", {"hold": "{hold}"}),
        ("GET",),
        (CONSULT, MONDAY),
        before=(place(),),
        statuses={"unavailable": (200,)},
        leads_to="/",  # the board, with the results
        reads_only=True,
    ),
    StaffAction(
        "extend in place",  # after it ran out, it does not overlap itself
        extend(),
        ("PATCH",),
        (CONSULT, MONDAY),
        before=(place(minutes=1),),
        waits=120,
    ),
    StaffAction(
        "extend by parking",
        extend(),
        ("PATCH", "PATCH", "PATCH"),
        (CONSULT, MONDAY),
        before=(place(),),
    ),
    StaffAction(
        "extend round robin",
        extend(),
        ("POST", "DELETE"),
        (ROUND_ROBIN, MONDAY),
        before=(place(ROUND_ROBIN),),
    ),
    StaffAction(
        "extend by retake",
        extend(retake="yes"),
        ("PATCH", "PATCH", "PATCH", "DELETE", "POST"),
        (CONSULT, MONDAY),
        before=(place(),),
        faults_before=NO_PARKING,
        injected=(3, 4),
    ),
    StaffAction("move", move(LATER), ("PATCH",), (CONSULT, LATER), before=(place(),)),
    StaffAction(
        "move to an overlapping time",
        move(NEARBY),
        ("PATCH", "PATCH", "PATCH"),
        (CONSULT, NEARBY),
        before=(place(),),
    ),
    StaffAction(
        "move to another event type",
        move(LATER, event_type_id=str(SHORT)),
        ("POST", "DELETE"),
        (SHORT, LATER),
        before=(place(),),
    ),
    StaffAction(
        "release",
        Form("/holds/{hold}/release", RELEASE),
        ("GET", "DELETE"),
        None,
        before=(place(),),
    ),
    StaffAction(
        "release several",
        Form("/release", {"hold": ("{hold}", "{other}"), "reason": "mistake", "sure": "yes"}),
        ("GET", "DELETE", "GET", "DELETE"),
        None,
        before=(place(), place(start=LATER)),
        injected=(0, 1),
        changes_several=True,
    ),
    StaffAction(
        "decide an offer",
        Form("/offers/{offer}/keep", {"hold": "{hold}"}),
        ("GET", "GET", "DELETE"),
        (CONSULT, MONDAY),
        before=(
            place(),
            Form("/offers/new", {"hold": "{hold}"}),
            place(start=LATER, offer="{offer}"),
        ),
        injected=(0, 2),
        changes_several=True,
    ),
    StaffAction(
        "take over",
        Form("/holds/{hold}/take-over", {"reason": "absent"}),
        (),
        (CONSULT, MONDAY),
        before=(place(),),
        by="admin",
    ),
    StaffAction(
        "look up",
        Form("/look-up", UID),
        ("GET",),
        None,
        statuses={"ok": (200,)},
        reads_only=True,
    ),
    StaffAction(
        "take in",
        Form("/look-up", UID | {"take": "yes"} | CLIENT),
        ("GET",),
        (CONSULT, LATER),
        reads_only=True,
    ),
)
BY_NAME = {action.name: action for action in ACTIONS}
