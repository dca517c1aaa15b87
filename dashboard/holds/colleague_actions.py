"""Find what colleagues did to a person's holds, so that the board can tell that person."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q, Subquery

from dashboard.audit.models import AuditEntry, AuditEntryQuerySet
from dashboard.audit.trail import Action, Outcome
from dashboard.holds.models import Hold

# How long the person is told, unless a live hold ends, or a released one is put aside, before.
SHOWN_FOR = timedelta(hours=12)


def by_person(now: datetime) -> Mapping[int, Sequence[AuditEntry]]:
    """Return the last action on each hold by the primary key of whom to tell, newest first.

    Each is the entry that ended it, with its hold and the people of that.
    """
    actions = defaultdict(list)
    known = set()
    for entry in entries(now).order_by("-id"):
        hold = entry.hold
        if hold is None:
            continue
        former = entry.asked.get("person")
        person = former if entry.action == Action.TAKE_OVER else hold.holder_id
        if (hold.pk, person) not in known and is_still_so(entry, hold):
            actions[person].append(entry)
        known.add((hold.pk, person))
    return actions


def is_still_so(entry: AuditEntry, hold: Hold) -> bool:
    """Return whether the hold is as the action left it."""
    match entry.action:
        case Action.RELEASE:  # it may go on, or have found nothing: of what is gone, all are told
            return hold.is_released
        case Action.MOVE:
            is_there = entry.after.get("slot_start") == hold.slot_start.isoformat()
            return is_there and not hold.has_ended
        case Action.TAKE_OVER:
            return not hold.has_ended and hold.holder_id != entry.asked.get("person")
        case _:  # put aside
            return False


def entries(now: datetime) -> AuditEntryQuerySet:
    """Return what was put aside or taken over, or moved or released by another than the holder."""
    # Also by number, because SQLite takes the index of actions, which has no time, and a history
    # has many releases. PostgreSQL knows by the time how few these are.
    recent = AuditEntry.objects.filter(at__gt=now - SHOWN_FOR)
    unanswered = Q(action=Action.RELEASE, outcome=Outcome.UNKNOWN, actor__isnull=False)
    changes = (Action.MOVE, Action.RELEASE)
    found = recent.filter(
        Q(outcome=Outcome.OK) | unanswered,  # which settle finishes
        pk__gte=Subquery(recent.order_by("at").values("pk")[:1]),
        action__in=(*changes, Action.TAKE_OVER, Action.PUT_ASIDE),
    )
    others = found.exclude(action__in=changes, actor=F("hold__holder"))
    return others.select_related("hold__holder", "hold__claim_by")
