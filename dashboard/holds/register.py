"""The holds on the board and in warnings bars, kept in memory until a hold changes.

One query finds out whether a hold changed: every write of a hold raises its version and sets
``changed_at``, so over the open and recently changed holds the sum of the versions only grows.
What time alone changes is counted in memory.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from dashboard.audit import text_index
from dashboard.audit.models import AuditEntry, HoldText
from dashboard.calcom_state import rate_and_clock
from dashboard.holds import colleague_actions, hosts, offers
from dashboard.holds.models import Hold, HoldQuerySet
from dashboard.holds.states import OPEN, State
from dashboard.localization import local_times
from dashboard.localization.folding import fold
from dashboard.localization.searching import finder, search_text

Revision = tuple[Any, ...]

SOON = timedelta(minutes=5)  # before its end a hold is on the tab *Ending soon*
WARNED_AHEAD = timedelta(minutes=15)  # before its end a hold is in its holder's warning bar
OVER_SHOWN = timedelta(minutes=1)  # after it; scripts have the same
LOST_SHOWN_FOR = timedelta(hours=12)  # lost and gone holds on the tab *Needs attention*
CLIENTS_AMONG = 300  # holds that are read for the clients to offer
LOST_OR_GONE = (State.LOST, State.GONE)
ENDED = (State.RELEASED, State.BOOKED, State.EXPIRED, State.GONE, State.LOST)
# Ends of holds are on cal.com's clock, ``changed_at`` is on that of this server.
CLOCKS_APART = timedelta(hours=1)
OFFSET_ERROR = timedelta(seconds=2)  # their difference is not known more precisely
# Every poll runs this. It also reads cal.com's clock, and is plain SQL, because compiling a
# queryset would take longer than the query.
REVISION_SQL = """SELECT clock_offset_ms, clock_base_ms, clock_boot_id, counted.*
    FROM (
        SELECT (SELECT MAX(id) FROM dashboard_auditentry WHERE action = 'person_changed'),
            COUNT(*), SUM(id), SUM(version), MAX(changed_at)
        FROM dashboard_hold WHERE state IN (%s, %s, %s) OR changed_at >= %s
    ) AS counted
    LEFT JOIN dashboard_upstream ON dashboard_upstream.id = %s"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Holds on the board, soonest end first, and sorted moments at which the board changes.

    All threads of a process read the same holds, and none changes them.
    """

    revision: Revision
    holds: tuple[Hold, ...]  # with_people
    held_untils: Sequence[datetime]
    # Those that are held, or had run out within OVER_SHOWN; soonest end first.
    timed_by_holder: Mapping[int, Sequence[Hold]]
    claim_ends: Sequence[datetime]
    lost_at: Sequence[datetime]  # ends of lost and gone holds
    next_end: datetime | None
    places: Mapping[int, tuple[int, int]]  # hold id: (2, 3) for the second of three in an offer
    clashes: Mapping[int, tuple[Hold, ...]]  # hold id: those that need the same person
    ended_count: int
    colleague_actions: Mapping[int, Sequence[AuditEntry]]  # by the person to tell

    def passed(self, now: datetime, cal_now: datetime, holder_id: int) -> tuple[int, ...]:
        """Count the moments that have passed. Equal counts mean an equal board for this person."""
        own, soon = self.timed_by_holder.get(holder_id, []), cal_now + WARNED_AHEAD
        return (
            bisect_right(self.held_untils, cal_now),
            bisect_right(self.held_untils, cal_now + SOON),
            bisect_right(self.claim_ends, now),
            bisect_right(self.lost_at, cal_now - LOST_SHOWN_FOR),
            sum(hold.held_until is not None and hold.held_until <= soon for hold in own),
        )

    def ending(self, cal_now: datetime, holder_id: int) -> list[Hold]:
        """Return this person's holds that end soon or have just run out, soonest end first."""
        since, until = cal_now - OVER_SHOWN, cal_now + WARNED_AHEAD
        own = self.timed_by_holder.get(holder_id, [])
        return [hold for hold in own if hold.held_until and since < hold.held_until <= until]

    def clashes_of(self, pk: int, cal_now: datetime) -> tuple[Hold, ...]:
        """Return the holds that need the same person, without those that ran out."""
        clashes = self.clashes.get(pk, ())
        return tuple(each for each in clashes if each.state != State.HELD or each.is_live(cal_now))

    def lost_count(self, cal_now: datetime) -> int:
        return len(self.lost_at) - bisect_right(self.lost_at, cal_now - LOST_SHOWN_FOR)

    def is_due(self, now: datetime, cal_now: datetime) -> bool:
        """Return True when a hold ran out, or a claim ended, and that is not recorded yet."""
        claim_ended = bool(self.claim_ends) and self.claim_ends[0] <= now
        return claim_ended or (self.next_end is not None and self.next_end <= cal_now)


class _Cache:
    """The last snapshot. Threads of a process share it, and only replace it whole."""

    snapshot: Snapshot | None = None


def read(now: datetime) -> tuple[Snapshot, datetime]:
    """Return the snapshot and the time on cal.com's clock. One query while no hold changes."""
    revision, cal_now = read_revision(now)
    snapshot = _Cache.snapshot
    if snapshot is None or snapshot.revision != revision:
        # A write between both reads is in the snapshot and not in its revision: it is read again.
        snapshot = load(revision, now, cal_now)
        _Cache.snapshot = snapshot
    return snapshot, cal_now


def read_revision(now: datetime) -> tuple[Revision, datetime]:
    """Return a value that differs after every write of a hold, and the time on cal.com's clock."""
    since = start_of_yesterday(now)
    changed_since = connection.ops.adapt_datetimefield_value(since - CLOCKS_APART)
    with connection.cursor() as cursor:
        cursor.execute(REVISION_SQL, [*OPEN, changed_since, rate_and_clock.ROW])
        offset, base, boot, *counts = cursor.fetchone()
    return (since, *counts), rate_and_clock.shown_by_calcom(now, offset or 0, base, boot)


def load(revision: Revision, now: datetime, cal_now: datetime) -> Snapshot:
    everything = Hold.objects.with_people()
    ran_out = Q(state=State.EXPIRED, held_until__gt=cal_now - OVER_SHOWN)
    shown = everything.filter(ran_out | Q(state__in=OPEN))
    # A union, because SQLite has an index for each condition and none for both.
    rows = shown.union(everything.filter(change__isnull=False)).order_by("held_until", "id")
    holds = tuple(hold for hold in rows if not hold.has_ended or hold.change is not None)
    open_holds = [hold for hold in holds if not hold.has_ended]
    unclaimed = [hold for hold in holds if hold.claim_until is None]
    timed_by_holder = defaultdict(list)
    for hold in rows:
        if hold.state in (State.HELD, State.EXPIRED):
            timed_by_holder[hold.holder_id].append(hold)
    lost_at = lost_or_gone(now, cal_now).order_by("ended_at").values_list("ended_at", flat=True)
    return Snapshot(
        revision=revision,
        holds=holds,
        held_untils=[hold.held_until for hold in holds if hold.held_until is not None],
        timed_by_holder=timed_by_holder,
        claim_ends=sorted(hold.claim_until for hold in holds if hold.claim_until is not None),
        lost_at=[ended_at for ended_at in lost_at if ended_at is not None],
        next_end=min((hold.due_at for hold in unclaimed if hold.due_at is not None), default=None),
        places=offers.positions(open_holds),
        clashes=hosts.all_clashes(open_holds),
        ended_count=ended(now).count(),
        colleague_actions=colleague_actions.by_person(now),
    )


def ended(now: datetime, event_types: Collection[int] | None = None) -> HoldQuerySet:
    """Return holds that ended since the start of yesterday, last one first, without stand-ins.

    With ``event_types``, only the holds of these.
    """
    recent = Hold.objects.filter(state__in=ENDED, ended_at__gte=start_of_yesterday(now))
    if event_types is not None:
        recent = recent.filter(event_type_id__in=event_types)
    # Not isnull=True: SQLite would use that index and read the whole history.
    return recent.exclude(stands_in_for__gt=0).order_by("-ended_at", "-id")


def past(find: str, *, before: int | None, most: int) -> list[int]:
    """Return the ids of holds that ended, however long ago, as the board finds: newest first.

    At most so many, of those with a lower id than ``before``. The index of texts finds them; it has
    nothing of an erased client.
    """
    of_text = Hold.objects.filter(pk=OuterRef("rowid"), state__in=ENDED)
    texts = HoldText.objects.filter(Exists(of_text.exclude(stands_in_for__gt=0))).values("rowid")
    if before is not None:
        texts = texts.filter(rowid__lt=before)
    return _newest(find, texts, most)


def saying(find: str, *, most: int, leave_out: Collection[int] = ()) -> list[int]:
    """Return the ids of holds that say these words anywhere, open ones too: newest first."""
    return _newest(find, HoldText.objects.exclude(rowid__in=leave_out).values("rowid"), most)


def clients(find: str, *, most: int) -> list[tuple[str, str]]:
    """Return names and contacts in which the board would find all words, newest first, each once.

    Of the newest holds that say these words anywhere, because the index has their notes too.
    """
    pks = saying(find, most=CLIENTS_AMONG)
    holds = Hold.objects.filter(pk__in=pks).order_by("-pk")
    matches, found = finder(find), dict[tuple[str, ...], tuple[str, str]]()
    for client in holds.values_list("client_name", "client_contact"):
        if matches(search_text(*client)):
            found.setdefault(tuple(map(fold, client)), client)
    return list(found.values())[:most]


def _newest(find: str, texts: QuerySet[HoldText, Any], most: int) -> list[int]:
    found = {
        row["rowid"]
        for condition in text_index.conditions(find)
        for row in texts.filter(condition).order_by("-rowid")[:most]
    }
    return sorted(found, reverse=True)[:most]


def not_put_aside(now: datetime, cal_now: datetime) -> HoldQuerySet:
    """Return holds that were not put aside since they ended: one that came back can end again."""
    aside = AuditEntry.objects.order_by().filter(
        action=AuditEntry.Action.PUT_ASIDE,
        kind=AuditEntry.Kind.EVENT,
        outcome=AuditEntry.Outcome.OK,
        hold=OuterRef("pk"),
        at__gt=OuterRef("ended_at") - (cal_now - now) - OFFSET_ERROR,
    )
    return Hold.objects.exclude(Exists(aside))


def lost_or_gone(now: datetime, cal_now: datetime) -> HoldQuerySet:
    """Return holds that were lost or gone in the last LOST_SHOWN_FOR, and not put aside."""
    return not_put_aside(now, cal_now).filter(
        state__in=LOST_OR_GONE, ended_at__gt=cal_now - LOST_SHOWN_FOR, change__isnull=True
    )


def start_of_yesterday(now: datetime) -> datetime:
    """Return the start of yesterday in the office's zone."""
    office = local_times.office()
    return datetime.combine(now.astimezone(office) - timedelta(days=1), time(), office)
