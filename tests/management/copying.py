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


def content() -> dict[str, Any]:
    """Return every row of the holds, the audit log and the people, with all columns."""
    from dashboard.accounts.models import User
    from dashboard.audit.models import AuditEntry
    from dashboard.holds.models import Hold

    kinds = (Hold, AuditEntry, User)
    return {kind.__name__: [*kind._base_manager.order_by("pk").values()] for kind in kinds}


def add_hold(name: str) -> None:
    from django.utils import timezone

    from dashboard.accounts.roles import Role
    from dashboard.audit import trail
    from dashboard.audit.models import AuditEntry
    from tests.accounts.cast import acting, make_hold, person

    user = person(name, Role.STAFF)
    hold = make_hold(
        user, reservation_uid=name, client_name="Zoë 日本", change={"phase": "parking"}
    )
    action = AuditEntry.Action.PLACE
    now = timezone.now()
    begun = trail.intent(action=action, by=acting(user), hold_id=hold.pk, asked={"a": [1]}, now=now)
    trail.outcome(begun, outcome=AuditEntry.Outcome.OK, now=now)


def report() -> None:
    print(json.dumps(content(), default=str), flush=True)


def main() -> None:
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from dashboard.audit import triggers

    file, move_to = Path(sys.argv[1]) / "copy", sys.argv[2:]
    call_command("migrate", verbosity=0)
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
