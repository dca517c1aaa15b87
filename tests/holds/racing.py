"""One of the processes that race: it reads what to do from its input, a line at a time.

Each has its own Django and its own connection to the database. Without the guard, ``claims.ask``
is replaced by nothing, here and only here.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402

from dashboard.accounts.models import User  # noqa: E402
from dashboard.accounts.people import add_person  # noqa: E402
from dashboard.accounts.roles import Role  # noqa: E402
from dashboard.audit.actor import Actor  # noqa: E402
from dashboard.holds import claims, services  # noqa: E402
from dashboard.holds.problems import HoldError  # noqa: E402


def main(name: str) -> None:
    """Say ``ready``, then do one deed for each line and say how it ended."""
    user = add_person(
        username=name, role=Role.STAFF, password="correct horse 9", by=None, now=timezone.now()
    )
    say("ready")
    for line in sys.stdin:
        task = json.loads(line)
        with contextlib.nullcontext() if task.pop("guarded") else without_guard():
            say(deed(user, **task))


def deed(user: User, *, verb: str, start: str, hold: int | None = None, **more: Any) -> str:
    """Do it; gives the hold's number or the cause of the refusal."""
    actor = Actor(user=user, address="192.0.2.7", user_agent="race", request_id="race")
    asked: dict[str, Any] = {"by": actor, "slot_start": datetime.fromisoformat(start), **more}
    try:
        if verb == "place":
            done = services.place(
                event_type_id=1, reservation_duration=15, now=timezone.now(), **asked
            )
        else:
            done = services.move(hold_id=hold or 0, now=timezone.now(), **asked)
    except HoldError as error:
        return str(error.cause)
    return str(done.pk)


@contextlib.contextmanager
def without_guard() -> Iterator[None]:
    """Nobody is asked who asks for the same time."""
    guard = claims.ask
    claims.ask = lambda *_args, **_more: None
    try:
        yield
    finally:
        claims.ask = guard


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
