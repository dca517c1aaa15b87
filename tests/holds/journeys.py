"""One table of what staff do, what can go wrong on the way, and where a server can die.

A journey is told in forms, as people send them, so that the same row drives the pages inside this
process and a served process that is killed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.holds.cast import ALL, CONSULT, LATER, MONDAY, ONE, ROUND_ROBIN, SHORT

# What must never be in the audit: it is of the client, or opens cal.com.
CLIENT = {
    "client_name": "Grace Hopperly",
    "client_contact": "grace@example.test",
    "note": "rang from the airport",
}
KNOWN_UID = "5f1c7a52-1111-4222-8333-444455556666"  # of a reservation that somebody else made
STRANGERS_MINUTES = 100  # longer than anything of ours, which tells the two apart


def _route(method: str) -> str:
    return ALL if method == "POST" else ONE


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@dataclass(frozen=True)
class Form:
    """A form and where it is sent.

    In either ``{hold}`` stands for the hold placed first, ``{other}`` for one placed after it and
    ``{offer}`` for the offer that was begun; a tuple is a field that is sent more than once.
    """

    to: str
    data: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def filled(self, known: Mapping[str, int]) -> tuple[str, dict[str, str | list[str]]]:
        said = {name: _filled(text, known) for name, text in self.data.items()}
        return self.to.format(**known), said


def _filled(text: str | tuple[str, ...], known: Mapping[str, int]) -> str | list[str]:
    if isinstance(text, tuple):
        return [each.format(**known) for each in text]
    return text.format(**known)


def prepare(verb: Verb, send: Callable[[Form, Mapping[str, int]], Sequence[Any]]) -> dict[str, int]:
    """Send what comes before the verb; gives the holds and the offer that its form names."""
    known: dict[str, int] = {}
    for form in (verb.placed, *verb.then):
        if form is not None:
            status, location, *_rest = send(form, known)
            assert status == 303
            told = _found(location)
            known |= {"other": told["hold"]} if "hold" in told and known else told
    return known


def _found(location: str) -> dict[str, int]:
    """What a redirect tells of: a hold or an offer."""
    hold = re.fullmatch(r"/holds/(\d+)/", location)
    if hold:
        return {"hold": int(hold[1])}
    offer = re.search(r"[?&]offer=(\d+)", location)
    return {"offer": int(offer[1])} if offer else {}


@dataclass(frozen=True)
class Verb:
    """``calls`` are those of a good day, in order; ``wish`` is what it then holds, if anything.

    ``then`` are sent after placing, ``waits`` seconds pass and ``beforehand`` strikes calls before
    the verb acts. ``tried`` are the calls that are struck, all where it is None: those of ``calls``
    that another row has too need not be struck twice. ``answers`` are the statuses by outcome.
    """

    name: str
    act: Form
    calls: tuple[str, ...]
    wish: tuple[int, datetime] | None
    placed: Form | None = None
    then: tuple[Form, ...] = ()
    waits: int = 0
    beforehand: Mapping[str, Any] = field(default_factory=dict)
    tried: tuple[int, ...] | None = None
    answers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    leads_to: str = "/holds/{hold}/"
    is_a_look: bool = False  # nothing is claimed, nothing is changed at cal.com
    of_several: bool = False  # holds, each with an outcome of its own
    by: str = "staff"

    @property
    def action(self) -> str:
        """As the audit names it."""
        return {"look": "look_up", "take": "take_in"}.get(*[self.name.split()[0]] * 2)

    @property
    def struck(self) -> tuple[int, ...]:
        return tuple(range(len(self.calls))) if self.tried is None else self.tried

    def statuses(self, outcome: str) -> tuple[int, ...]:
        usual = {"ok": (303,), "unknown": (303,), "refused": (409, 422), "unavailable": (503,)}
        return self.answers.get(outcome, usual[outcome])

    def call(self, number: int) -> tuple[str, str, int]:
        """Method, route and how many of the same went before."""
        method = self.calls[number]
        return method, _route(method), self.calls[:number].count(method)

    def until(self, number: int) -> dict[str, int]:
        """How many calls each route had once this one was made."""
        routes = [_route(method) for method in self.calls[: number + 1]]
        return {route: routes.count(route) for route in (ALL, ONE)}


def _place(
    event_type: int = CONSULT, minutes: int = 15, start: datetime = MONDAY, **more: str
) -> Form:
    said = {"event_type_id": str(event_type), "slot_start": _iso(start), **more}
    return Form("/holds/new", said | {"reservation_duration": str(minutes)} | CLIENT)


def _extend(minutes: int = 30, **more: str) -> Form:
    return Form("/holds/{hold}/extend", {"reservation_duration": str(minutes), **more})


def _move(start: datetime, **more: str) -> Form:
    return Form("/holds/{hold}/move", {"slot_start": _iso(start), **more})


NEARBY = MONDAY + timedelta(minutes=30)
_UID = {"uid": KNOWN_UID}

VERBS = (
    Verb("place", _place(), ("POST",), (CONSULT, MONDAY)),
    Verb(
        "check",
        Form("/holds/{hold}/check"),
        ("GET",),
        (CONSULT, MONDAY),
        placed=_place(),
        is_a_look=True,
    ),
    Verb(
        "check several",
        Form("/check", {"hold": "{hold}"}),
        ("GET",),
        (CONSULT, MONDAY),
        placed=_place(),
        answers={"unavailable": (303,)},
        leads_to="/",  # the board, which says what was found
        is_a_look=True,
    ),
    Verb(
        "extend straight",  # what ran out is not in its own way
        _extend(),
        ("PATCH",),
        (CONSULT, MONDAY),
        placed=_place(minutes=1),
        waits=120,
    ),
    Verb(
        "extend by parking",
        _extend(),
        ("PATCH", "PATCH", "PATCH"),
        (CONSULT, MONDAY),
        placed=_place(),
    ),
    Verb(
        "extend round robin, new first",
        _extend(),
        ("POST", "DELETE"),
        (ROUND_ROBIN, MONDAY),
        placed=_place(ROUND_ROBIN),
    ),
    Verb(
        "extend by taking it again",
        _extend(retake="yes"),
        ("PATCH", "PATCH", "PATCH", "DELETE", "POST"),
        (CONSULT, MONDAY),
        placed=_place(),
        beforehand={  # strangers stand wherever it would be parked
            "kind": "stranger",
            "method": "PATCH",
            "route": ONE,
            "skip": 1,
            "count": 2,
            "minutes": STRANGERS_MINUTES,
        },
        tried=(3, 4),
    ),
    Verb("move straight", _move(LATER), ("PATCH",), (CONSULT, LATER), placed=_place()),
    Verb(
        "move to an overlapping time",
        _move(NEARBY),
        ("PATCH", "PATCH", "PATCH"),
        (CONSULT, NEARBY),
        placed=_place(),
    ),
    Verb(
        "move to another event type",
        _move(LATER, event_type_id=str(SHORT)),
        ("POST", "DELETE"),
        (SHORT, LATER),
        placed=_place(),
    ),
    Verb(
        "release",
        Form("/holds/{hold}/release", {"reason": "mistake", "note": CLIENT["note"]}),
        ("GET", "DELETE"),
        None,
        placed=_place(),
    ),
    Verb(
        "release several",
        Form("/release", {"hold": ("{hold}", "{other}"), "reason": "mistake", "sure": "yes"}),
        ("GET", "DELETE", "GET", "DELETE"),
        None,
        placed=_place(),
        then=(_place(start=LATER),),
        tried=(0, 1),
        of_several=True,
    ),
    Verb(
        "keep this, release the rest",
        Form("/offers/{offer}/keep", {"hold": "{hold}"}),
        ("GET", "GET", "DELETE"),
        (CONSULT, MONDAY),
        placed=_place(),
        then=(
            Form("/offers/new", {"hold": "{hold}"}),
            _place(start=LATER, offer="{offer}"),
        ),
        tried=(0, 2),
        of_several=True,
    ),
    Verb(
        "take over",
        Form("/holds/{hold}/take-over", {"reason": "absent"}),
        (),
        (CONSULT, MONDAY),
        placed=_place(),
        by="admin",
    ),
    Verb(
        "look up",
        Form("/look-up", _UID),
        ("GET",),
        None,
        answers={"ok": (200,)},
        is_a_look=True,
    ),
    Verb(
        "take in",
        Form("/look-up", _UID | {"take": "yes"} | CLIENT),
        ("GET",),
        (CONSULT, LATER),
        is_a_look=True,
    ),
)


@dataclass(frozen=True)
class Fault:
    """What the stand-in does to one call; ``then`` to all that come after it."""

    name: str
    kind: str
    when: str | None = None
    then: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def takes_time(self) -> bool:
        """Whether somebody waits for a time limit, which a test then makes short."""
        return self.kind == "delay" or bool(self.then)


_STRANGER = {"minutes": STRANGERS_MINUTES}
_LONG = {"seconds": 30}

FAULTS = (
    Fault("too slow to be sure, done later", "delay", "before", more=_LONG),
    Fault("done, and too slow to be told", "delay", "after", more=_LONG),
    Fault("dropped before", "drop", "before"),
    Fault("dropped in the answer", "drop", "during"),
    Fault("dropped after", "drop", "after"),
    Fault("reset before", "reset", "before"),
    Fault("reset after", "reset", "after"),
    Fault("429", "429"),
    Fault("500 in its envelope, not done", "500", "before"),
    Fault("500 in its envelope, done", "500", "after"),
    Fault("500 bare, not done", "500-bare", "before"),
    Fault("500 bare, done", "500-bare", "after"),
    Fault("502 of a proxy, not done", "502", "before"),
    Fault("502 of a proxy, done", "502", "after"),
    Fault("503 of a proxy, not done", "503", "before"),
    Fault("HTML for JSON, not done", "html", "before"),
    Fault("HTML for JSON, done", "html", "after"),
    Fault("half of the JSON", "truncated"),
    Fault("a stranger holds it just before", "stranger", "before", more=_STRANGER),
    Fault("a stranger holds it just after", "stranger", "after", more=_STRANGER),
    Fault("a stranger books it just before", "stranger-books", "before"),
    Fault("a stranger books it just after", "stranger-books", "after"),
    Fault("dropped before, and down from there on", "drop", "before", then="drop"),
    Fault("dropped after, and down from there on", "drop", "after", then="drop"),
    Fault("dropped before, and too many from there on", "drop", "before", then="429"),
    Fault("dropped after, and too many from there on", "drop", "after", then="429"),
    Fault("429, and too many from there on", "429", then="429"),
)


def _can_strike(fault: Fault, method: str) -> bool:
    """A stranger needs a time that the call asks for, or one that it gives up."""
    if not fault.kind.startswith("stranger"):
        return True
    return method in {"POST", "PATCH"} or (method == "DELETE" and fault.when == "after")


FAULTY = tuple(
    (verb, number, fault)
    for verb in VERBS
    for number in verb.struck
    for fault in FAULTS
    if _can_strike(fault, verb.calls[number])
)


@dataclass(frozen=True)
class Death:
    """The moment at which a server process is killed; ``call`` counts from one."""

    at: str  # arrival, before, sent, answered, departure
    call: int = 0

    @property
    def plan(self) -> str:
        return f"{self.at} {self.call}"

    def __str__(self) -> str:
        return f"{self.at} call {self.call}" if self.call else self.at


def _deaths(verb: Verb) -> list[Death]:
    """Before the intent, around every call, and after the outcome but before the page."""
    around = [
        Death(at, number + 1)
        for number in verb.struck
        for at in ("before", "sent", "answered")  # before the first call is after the intent
    ]
    return [Death("arrival"), *around, Death("departure")]


DEATHS = tuple((verb, death) for verb in VERBS for death in _deaths(verb))

# What settling finishes, left half-way by a first death, and where settling itself then dies.
_HALF_WAY = {
    "extend by parking": Death("answered", 2),
    "move to an overlapping time": Death("sent", 2),
    "extend round robin, new first": Death("before", 2),
    "release": Death("before", 2),
}
SETTLING_DEATHS = tuple(
    (verb, _HALF_WAY[verb.name], Death(at, number))
    for verb in VERBS
    if verb.name in _HALF_WAY
    for number in (1, 2)  # a GET, then the one call that is due
    for at in ("before", "sent", "answered")
)

# A process that stands still so long that others have given it up, and then goes on.
FROZEN = tuple(
    (verb, Death(at, number + 1))
    for verb in VERBS
    if not verb.is_a_look  # a look claims nothing
    for number in verb.struck
    for at in ("before", "answered")
)
