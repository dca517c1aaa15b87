"""Worker processes of ``processes``, forked from one that has loaded the product.

Each line of input is a JSON list with a task for each, and each line of output the list of their
results. For a task that is not ``guarded``, ``SlotGuard.take_turn`` does nothing, here and only
here.
"""

import contextlib
import json
import multiprocessing
import sys
from collections.abc import Iterator
from datetime import datetime
from multiprocessing.synchronize import Barrier
from typing import Any

import django

django.setup()

from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from dashboard.accounts.actors import Actor  # noqa: E402
from dashboard.accounts.models import User  # noqa: E402
from dashboard.accounts.people import add_person  # noqa: E402
from dashboard.accounts.roles import Role  # noqa: E402
from dashboard.calcom_state import shared_answers  # noqa: E402
from dashboard.holds import services  # noqa: E402
from dashboard.holds.claims import SlotGuard  # noqa: E402
from dashboard.holds.problems import HoldError  # noqa: E402

LIMIT = 60  # seconds that the slowest process may take to begin
barrier: Barrier


def main(count: int) -> None:
    add_person(
        username="racer",
        role=Role.STAFF,
        password="correct horse 9",
        by=None,
        now=timezone.now(),
    )
    shared_answers.PATIENCE = LIMIT  # else a slot may have no known end, and overlap the others
    connections.close_all()
    context = multiprocessing.get_context("fork")
    with context.Pool(count, initializer=set_barrier, initargs=[context.Barrier(count)]) as pool:
        say("ready")
        for line in sys.stdin:
            say(json.dumps(pool.map(perform, json.loads(line), chunksize=1)))


def set_barrier(shared: Barrier) -> None:
    global barrier  # noqa: PLW0603
    barrier = shared


def perform(task: dict[str, Any]) -> int | str:
    """Perform a task once all others begin; return its result."""
    verb, guarded = task.pop("verb"), task.pop("guarded", True)
    barrier.wait(LIMIT)
    with contextlib.nullcontext() if guarded else without_guard():
        return ask_for_slot(verb, **task)


def ask_for_slot(verb: str, *, start: str, hold: int | None = None) -> int | str:
    """Place or move; return the hold's id or the cause of the refusal."""
    user = User.objects.get(username="racer")
    asked: dict[str, Any] = {
        "by": Actor(user=user, address="192.0.2.7", user_agent="race", request_id="race"),
        "slot_start": datetime.fromisoformat(start),
        "now": timezone.now(),
    }
    try:
        if verb == "place":
            done = services.place(event_type_id=1, reservation_duration=15, **asked)
        else:
            done = services.move(hold_id=hold or 0, **asked)
    except HoldError as error:
        return str(error.cause)
    return done.pk


@contextlib.contextmanager
def without_guard() -> Iterator[None]:
    take_turn = SlotGuard.take_turn
    SlotGuard.take_turn = lambda *_args, **_more: None
    try:
        yield
    finally:
        SlotGuard.take_turn = take_turn


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
