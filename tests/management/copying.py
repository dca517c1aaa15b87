"""Back up, go on, restore, and move to another database: run as a process of its own.

Prints what is in the database as JSON after each step. The folder for the file is the first
argument, the address to move to the second.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

django.setup()
from dashboard.accounts.models import User  # noqa: E402
from dashboard.accounts.roles import Role  # noqa: E402
from dashboard.audit import trail, triggers  # noqa: E402
from dashboard.audit.models import AuditEntry, AuditLink, EntryText, HoldText  # noqa: E402
from dashboard.holds.models import Hold  # noqa: E402
from tests.accounts.cast import acting, make_hold, person  # noqa: E402


def content() -> dict[str, Any]:
    """Return every row of the holds, the audit log and the people, with all columns."""
    kinds = (Hold, AuditEntry, AuditLink, EntryText, HoldText, User)
    return {kind.__name__: [*kind._base_manager.order_by("pk").values()] for kind in kinds}


def add_hold(name: str) -> None:
    user, change = person(name, Role.STAFF), {"phase": "parking"}
    hold = make_hold(user, reservation_uid=name, client_name="Zoë 日本", change=change)
    begun = trail.intent(
        action=AuditEntry.Action.PLACE,
        by=acting(user),
        hold_id=hold.pk,
        asked={"minutes": [1]},
        now=timezone.now(),
    )
    # Two spaces, of which the databases make different ones.
    trail.outcome(begun, outcome=AuditEntry.Outcome.OK, reason="a  b", now=timezone.now())


def report() -> None:
    print(json.dumps(content(), default=str), flush=True)  # noqa: T201


def main() -> None:
    file, move_to = Path(sys.argv[1]) / "copy", sys.argv[2:]
    add_hold("first")
    report()
    call_command("backup", str(file), stdout=sys.stderr)
    add_hold("later")
    report()
    call_command("restore", str(file), "--no-input", stdout=sys.stderr)
    report()
    assert triggers.faulty_triggers(connection) == []
    add_hold("after")  # the sequences of keys go on
    if move_to:
        call_command("move_database", *move_to, stdout=sys.stderr)
    report()


if __name__ == "__main__":
    main()
