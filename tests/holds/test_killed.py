"""Nothing is lost when the server is killed: real processes, real SIGKILL, real HTTP.

A server dies before the intent, after it, and around every call of every verb; then it is started
again, ``manage.py settle`` runs, and register, audit and pages are held against cal.com's rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.db import connection

from dashboard.sandbox import Sandbox
from tests.future_dates import world
from tests.holds import invariants
from tests.holds.cast import CONSULT, LATER
from tests.holds.crash_harness import KILLED, Desk, Files, Kitchen, Server, kitchen
from tests.holds.journeys import (
    DEATHS,
    KNOWN_UID,
    SETTLING_DEATHS,
    STRANGERS_MINUTES,
    Death,
    Verb,
    prepare,
)
from tests.holds.summary import tell

PAST_ALL_LANDINGS = 200  # seconds: longer than any claim and any late call
PAST_ALL_HOLDS = 4 * 3600

_verified: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _summary(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    tell(
        request.config,
        f"{_verified['verb']} of {len(DEATHS)} kills during a verb and {_verified['settle']} of"
        f" {len(SETTLING_DEATHS)} during settling verified on {connection.vendor}",
    )


Laid = tuple[Kitchen, Path, Sandbox, Files | Server]


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laid]:
    """What all cases share: a migrated database to copy, the processes' parent, a cal.com."""
    folder = tmp_path_factory.mktemp("killed")
    database = Server() if connection.vendor == "postgresql" else Files(folder)
    try:
        with Sandbox(world()) as calcom, kitchen(folder, calcom, database) as made:
            yield made, folder, calcom, database
    finally:
        database.drop()


@pytest.fixture
def desk(laid: Laid) -> Iterator[Desk]:
    desk = Desk(*laid)
    desk.sign_in()
    yield desk
    desk.close()


def begin(verb: Verb, desk: Desk) -> dict[str, int]:
    """What there is before the verb: holds, or a reservation that we do not know."""
    if verb.act.to == "/look-up":
        desk.calcom.insert_hold(CONSULT, LATER, minutes=STRANGERS_MINUTES, uid=KNOWN_UID)
    known = prepare(verb, desk.send)
    desk.forward(verb.waits)
    if verb.beforehand:
        desk.calcom.faults.add(**verb.beforehand)
    if verb.by != "staff":
        desk.sign_in(verb.by)
    return known


def die(verb: Verb, death: Death, desk: Desk) -> None:
    """Act, and see the server die where it was to die, with its calls written down before."""
    known = begin(verb, desk)
    placed = desk.calls().total()
    desk.die_at(death)
    with pytest.raises(httpx.TransportError):
        desk.send(verb.act, known)
    assert desk.ended() == KILLED
    begun = {"arrival": 0, "departure": len(verb.calls)}.get(death.at, death.call)
    sent = begun - (death.at == "before")
    assert desk.wait_for_calls(placed + sent) == placed + sent
    assert invariants.calls_written_down(desk.books()).total() == placed + begun


def settle(desk: Desk) -> None:
    """As the documented service does it, long enough after."""
    desk.forward(PAST_ALL_LANDINGS)
    assert [desk.manage("settle") for _ in range(3)] == [0, 0, 0]


def everything_is_right(desk: Desk, *, left_open: int = 0) -> None:
    books = desk.books()
    assert invariants.register(books, desk.live, desk.mine) == []
    assert invariants.at_rest(books) == []
    assert invariants.audit(books, left_open=left_open) == []
    assert invariants.calls_written_down(books).total() >= desk.calls().total()
    assert desk.wrong_pages(at_rest=True) == []
    assert desk.secrets_on("/") == []


def nothing_is_left(desk: Desk, *, left_open: int = 0) -> None:
    """In the end, when all that was ever asked for has run out."""
    desk.forward(PAST_ALL_HOLDS)
    assert desk.manage("settle") == 0
    books = desk.books()
    assert desk.live == []
    assert invariants.still_open(books) == []
    assert invariants.audit(books, left_open=left_open) == []


def _id(case: object) -> str:
    return str(getattr(case, "name", case)).replace(" ", "-").replace(",", "")


@pytest.mark.parametrize(("verb", "death"), DEATHS, ids=_id)
def test_nothing_is_lost_by_a_kill(desk: Desk, verb: Verb, death: Death) -> None:
    die(verb, death, desk)

    desk.restart()
    assert desk.wrong_pages(at_rest=False) == []
    settle(desk)

    left_open = 1 if verb.is_a_look and death.call else 0
    everything_is_right(desk, left_open=left_open)
    nothing_is_left(desk, left_open=left_open)
    _verified["verb"] += 1


@pytest.mark.parametrize(("verb", "death", "second"), SETTLING_DEATHS, ids=_id)
def test_nothing_is_lost_when_settling_is_killed_too(
    desk: Desk, verb: Verb, death: Death, second: Death
) -> None:
    die(verb, death, desk)
    desk.restart()
    desk.forward(PAST_ALL_LANDINGS)

    desk.die_at(second)
    assert desk.manage("settle") == KILLED
    desk.recover()
    assert desk.wrong_pages(at_rest=False) == []
    settle(desk)

    everything_is_right(desk)
    nothing_is_left(desk)
    _verified["settle"] += 1
