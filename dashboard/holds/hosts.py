"""Holds that need the same person at overlapping times, across event types.

cal.com hides a held time from all event types of its host, and still accepts a reservation there.
Holds of one event type are left to cal.com and, for round robin, to ``doubts.HostGuard``.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from dashboard.calcom import EventType, EventTypeKind
from dashboard.calcom_state import event_types
from dashboard.holds.models import Hold
from dashboard.holds.slots import INSTANT
from dashboard.holds.states import OPEN


def named_hosts(hold: Hold) -> dict[Any, str]:
    """Return the name of each host by its id, or by its name where cal.com tells no id."""
    return {name if number is None else number: name for number, name, *_ in hold.hosts}


def needed_by(event_type: EventType | None) -> frozenset[Any]:
    """Return the keys of the people whose time an event type takes; none of several."""
    wanted = Hold(**event_types.columns_of(event_type))
    return frozenset() if is_pooled(wanted) else frozenset(named_hosts(wanted))


def clashing(hold: Hold, others: Iterable[Hold]) -> list[Hold]:
    """Return those of other event types that leave a host needed twice.

    Round robin needs one host of several: it counts once there are too few for all.
    """
    there = [other for other in others if is_beside(hold, other)]
    own = frozenset(named_hosts(hold))
    sharing = [
        other
        for other in there
        if other.event_type_id != hold.event_type_id and not own.isdisjoint(named_hosts(other))
    ]
    pools = [frozenset(named_hosts(other)) for other in there if is_pooled(other)]
    needed = frozenset(key for other in there if not is_pooled(other) for key in named_hosts(other))
    before = maximum_matching(pools, needed)
    if is_pooled(hold):
        return sharing if maximum_matching([*pools, own], needed) == before else []
    is_enough = maximum_matching(pools, needed | own) == before
    return [other for other in sharing if not (is_enough and is_pooled(other))]


def maximum_matching(pools: Sequence[frozenset[Any]], busy: frozenset[Any]) -> int:
    """Return how many of these sets can each have one of their members, and no two the same.

    https://en.wikipedia.org/wiki/Maximum_cardinality_matching, by augmenting paths.
    """
    matched: dict[Any, int] = {}

    def augment(number: int, tried: set[Any]) -> bool:
        for key in pools[number] - busy:
            if key not in tried:
                tried.add(key)
                if key not in matched or augment(matched[key], tried):
                    matched[key] = number
                    return True
        return False

    return sum(augment(number, set()) for number in range(len(pools)))


def is_beside(hold: Hold, other: Hold) -> bool:
    """Return whether two holds overlap; a stand-in is no second hold."""
    if hold.slot_start >= end_of(other) or other.slot_start >= end_of(hold):
        return False
    own = {hold.pk, hold.stands_in_for_id} - {None}
    return own.isdisjoint({other.pk, other.stands_in_for_id})


def end_of(hold: Hold) -> datetime:
    return hold.slot_end or hold.slot_start + INSTANT


def is_pooled(hold: Hold) -> bool:
    """Return whether a hold needs one of several hosts."""
    has_fixed = any(True in host[2:] for host in hold.hosts)
    is_round_robin = hold.event_type_kind == EventTypeKind.ROUND_ROBIN
    return is_round_robin and not has_fixed and len(hold.hosts) != 1


def shared_host(hold: Hold, other: Hold) -> str:
    """Return the name of a person whom both need."""
    return next(name for key, name in named_hosts(hold).items() if key in named_hosts(other))


def registered_beside(hold: Hold, cal_now: datetime) -> list[Hold]:
    """Return the holds of the register that overlap this one, which need not be in it."""
    there = Hold.objects.overlapping(hold.slot_start, end_of(hold)).filter(state__in=OPEN)
    return [each for each in there.with_people() if each.keeps_slot(cal_now)]


def all_clashes(holds: Iterable[Hold]) -> dict[int, tuple[Hold, ...]]:
    """Return, by primary key, the holds that clash with each of these that clashes."""
    in_order = sorted(holds, key=lambda each: each.slot_start)
    beside: dict[int, list[Hold]] = {}  # those that overlap, found without comparing all
    going_on: list[Hold] = []
    for hold in in_order:
        going_on = [each for each in going_on if end_of(each) > hold.slot_start]
        for each in going_on:
            beside[each.pk].append(hold)
        beside[hold.pk] = [*going_on]
        going_on.append(hold)
    found = {hold.pk: tuple(clashing(hold, beside[hold.pk])) for hold in in_order}
    return {pk: clashes for pk, clashes in found.items() if clashes}
