"""Doubts about a time that is to be held: it is not offered, or the hosts are needed elsewhere.

cal.com accepts any number of reservations of one round robin time, and times that it does not
offer. Nothing that it allows is forbidden: a person is told of a doubt, and may confirm. ``wanted``
is the hold that is asked for, not saved yet.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.calcom import EventType, EventTypeKind
from dashboard.calcom_state import event_types, free_times
from dashboard.calcom_state.free_times import WEEK_DAYS, Span, monday_of
from dashboard.holds import claims, hosts, messages, open_times
from dashboard.holds.claims import SlotGuard
from dashboard.holds.models import Hold
from dashboard.holds.problems import Doubt, HoldError
from dashboard.holds.slots import INSTANT, SlotHold
from dashboard.holds.states import OPEN, State
from dashboard.localization import local_times

MOST_NAMED = 5


def guard_against(
    wanted: Hold, doubts: Collection[Doubt], *, cal_now: datetime, now: datetime
) -> SlotGuard | None:
    """Return the guard of a time to be asked for. Raises HoldError where a doubt applies."""
    require_no_doubt(wanted, doubts, cal_now=cal_now, now=now)
    return guard_of(wanted, doubts, cal_now)


def require_no_doubt(
    wanted: Hold, doubts: Collection[Doubt], *, cal_now: datetime, now: datetime
) -> None:
    """Raise HoldError where one of these doubts applies; MORE_THAN_HOSTS is for ``guard_of``."""
    if {Doubt.HOST_BUSY, Doubt.NOT_OFFERED}.isdisjoint(doubts):
        return
    beside = hosts.registered_beside(wanted, cal_now)
    if Doubt.HOST_BUSY in doubts and (busy := host_busy(wanted, beside)):
        raise busy
    if Doubt.NOT_OFFERED in doubts and not is_offered(wanted, beside, cal_now=cal_now, now=now):
        raise messages.refusal(Doubt.NOT_OFFERED)


def all_about(wanted: Hold, *, cal_now: datetime, now: datetime) -> list[HoldError]:
    """Return all doubts about a time."""
    beside = hosts.registered_beside(wanted, cal_now)
    is_listed = is_offered(wanted, beside, cal_now=cal_now, now=now)
    doubts = [
        host_busy(wanted, beside),
        None if is_listed else messages.refusal(Doubt.NOT_OFFERED),
        more_than_hosts(wanted, cal_now),
    ]
    return [doubt for doubt in doubts if doubt]


# --- One person needed twice -------------------------------------------------------------------


def host_busy(wanted: Hold, beside: Sequence[Hold]) -> HoldError | None:
    """Return the error of a host whom one of the holds beside needs for another event type."""
    others = hosts.clashing(wanted, beside)
    if not others:
        return None
    host = hosts.shared_host(wanted, others[0])
    # Which of its hosts a round robin hold takes is not known.
    row = "hosts_used_up" if hosts.is_pooled(others[0]) else Doubt.HOST_BUSY
    return messages.refusal(row, others=others[:MOST_NAMED], host=host)


def wanted_hold(slot: SlotHold, event_type: EventType | None, pk: int | None = None) -> Hold:
    """Return the hold that is wished for, unsaved; ``pk`` is that of the hold that moves there."""
    return Hold(
        pk=pk,
        event_type_id=slot.event_type_id,
        slot_start=slot.slot_start,
        slot_end=slot.later_end,
        slot_duration=slot.slot_duration,
        **event_types.columns_of(event_type),
    )


# --- Times that cal.com does not offer --------------------------------------------------------


def is_offered(wanted: Hold, beside: Sequence[Hold], *, cal_now: datetime, now: datetime) -> bool:
    """Return whether cal.com lists the time as free, True where that is not known."""
    start = wanted.slot_start
    monday = monday_of(start.astimezone(local_times.office()).date())
    week = Span(wanted.event_type_id, monday, WEEK_DAYS, wanted.slot_duration or 0)
    if is_hidden(wanted, beside):
        return True
    slots = free_times.stored(week, now=now).listed.entries
    if any(listed.seats_remaining != 0 and listed.start == start for listed in slots):
        return True
    listing = free_times.listing(week, now=now)
    if listing.cause or listing.as_of is None:
        return True
    own = open_times.registered(
        [week], [listing], event_types={wanted.event_type_id}, cal_now=cal_now, now=now
    )
    times = open_times.combine(week, listing, own, cal_now=cal_now, now=now)
    is_free = any(time.is_free and time.start == start for time in times)
    # By one that a colleague has placed meanwhile.
    return is_free or is_hidden(wanted, hosts.registered_beside(wanted, cal_now))


def is_hidden(wanted: Hold, beside: Sequence[Hold]) -> bool:
    """Return whether a hold beside hides the time: cal.com hides it from all types of a host."""
    own = hosts.named_hosts(wanted).keys()
    return any(
        hold.event_type_id == wanted.event_type_id or own & hosts.named_hosts(hold).keys()
        for hold in beside
    )


# --- More holds than hosts --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HostGuard(SlotGuard):
    """Guard a round robin time: those who ask for one event type are counted one by one."""

    hosts: int
    cal_now: datetime

    def take_turn(self, *, now: datetime, exclude: int | None = None) -> None:  # noqa: ARG002
        """Raise HoldError where the hosts are used up, inside the caller's transaction."""
        claims.lock_event_type(self.event_type_id)
        if doubt := self.doubt(exclude=exclude):
            raise doubt

    def doubt(self, *, exclude: int | None = None) -> HoldError | None:
        """Return the error of one more hold than there are hosts; None if there is room."""
        end = self.end or self.start + INSTANT
        there = Hold.objects.overlapping(self.start, end).order_by("pk")
        holds = there.filter(event_type_id=self.event_type_id, state__in=OPEN)
        kept = [
            hold
            for hold in holds.select_related("holder", "stands_in_for")
            if (exclude is None or exclude not in (hold.pk, hold.stands_in_for_id))
            and hold.keeps_slot(self.cal_now)
            and (hold.stands_in_for is None or is_on_its_way(hold, hold.stands_in_for))
        ]
        count = most_at_once(kept, self.start)
        if count < self.hosts:
            return None
        return messages.refusal(
            Doubt.MORE_THAN_HOSTS,
            others=[hold for hold in kept if hold.state != State.PLACING][:MOST_NAMED],
            count=count,
            hosts=self.hosts,
        )


def is_on_its_way(stand_in: Hold, hold: Hold) -> bool:
    """Return whether the hold is being moved to the stand-in's time, or may have been."""
    is_new = stand_in.state in (State.PLACING, State.UNCONFIRMED)
    own = hold.event_type_id, hold.slot_start
    return is_new and (stand_in.event_type_id, stand_in.slot_start) != own


def guard_of(wanted: Hold, doubts: Collection[Doubt], cal_now: datetime) -> SlotGuard | None:
    """Return the guard of a time to be asked for; None for round robin with any number of holds."""
    if wanted.event_type_kind != EventTypeKind.ROUND_ROBIN:
        return SlotGuard(wanted.event_type_id, wanted.slot_start, wanted.slot_end)
    return host_guard(wanted, cal_now) if Doubt.MORE_THAN_HOSTS in doubts else None


def host_guard(wanted: Hold, cal_now: datetime) -> HostGuard | None:
    """Return the guard of a round robin time; None for any other, or without known hosts."""
    if wanted.event_type_kind != EventTypeKind.ROUND_ROBIN or not wanted.hosts:
        return None
    count = len(wanted.hosts) if hosts.is_pooled(wanted) else 1
    end = hosts.end_of(wanted)
    return HostGuard(wanted.event_type_id, wanted.slot_start, end, count, cal_now)


def more_than_hosts(wanted: Hold, cal_now: datetime) -> HoldError | None:
    """Return the error of one more hold of a time than its hosts can see clients."""
    guard = host_guard(wanted, cal_now)
    return guard.doubt(exclude=wanted.pk) if guard else None


def most_at_once(holds: Collection[Hold], start: datetime) -> int:
    """Return how many of these holds, each of which overlaps a time from ``start``, coincide."""
    spans = [(hold.slot_start, hosts.end_of(hold)) for hold in holds]
    moments = {max(start, begin) for begin, _end in spans}
    return max((sum(b <= at < e for b, e in spans) for at in moments), default=0)
