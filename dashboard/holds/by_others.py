"""Find what others did to a person's holds, so that the board can tell that person."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Subquery

from dashboard.audit.models import AuditEntry, AuditEntryQuerySet
from dashboard.holds.models import Hold
from dashboard.holds.problems import Outcome

Action = AuditEntry.Action

# How long it is told: of a hold that lasts until it ends, of one that was released until it is put
# aside.
SHOWN_FOR = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class ActOfOther:
    """Act of another person on a hold."""

    hold: Hold  # with_people
    action: str
    by: str
    reason: str  # a code, or ""
    at: datetime


def acts_by_person(now: datetime) -> Mapping[int, Sequence[ActOfOther]]:
    """Return the last act of each hold by the primary key of whom to tell, newest first."""
    acts = defaultdict(list)
    known = set()
    for entry in entries(now).order_by("-id"):
        hold = entry.hold
        if hold is None or hold.pk in known:
            continue
        known.add(hold.pk)
        if entry.action == Action.PUT_ASIDE or (hold.has_ended and entry.action != Action.RELEASE):
            continue
        former = entry.asked.get("person")
        person = former if entry.action == Action.TAKE_OVER else hold.holder_id
        act = ActOfOther(hold, entry.action, entry.actor_name, entry.reason, entry.at)
        acts[person].append(act)
    return acts


def entries(now: datetime) -> AuditEntryQuerySet:
    """Return what was put aside or taken over, or moved or released by another than the holder."""
    # By number, because the index of actions has no time, and a history has many releases.
    recent = AuditEntry.objects.filter(at__gt=now - SHOWN_FOR).order_by("at").values("pk")[:1]
    changes = (Action.MOVE, Action.RELEASE)
    found = AuditEntry.objects.filter(
        pk__gte=Subquery(recent),
        action__in=(*changes, Action.TAKE_OVER, Action.PUT_ASIDE),
        outcome=Outcome.OK,
    )
    by_others = found.exclude(action__in=changes, actor=F("hold__holder"))
    return by_others.select_related("hold__holder", "hold__claim_by")
