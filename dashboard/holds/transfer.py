"""Taking over a colleague's hold: it changes hands here, and cal.com is not asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.holds import endings, messages, rate_and_clock, rules, starting
from dashboard.holds.models import Hold
from dashboard.holds.problems import Outcome

Verb = AuditEntry.Action
State = Hold.State

# Why somebody takes over a hold, as codes in the audit.
REASONS = ("absent", "client_asked", "handed_over", "other")
# How long somebody is told that a hold of theirs was taken over, should it last so long.
TOLD_FOR = timedelta(hours=12)


def take_over(
    *,
    hold_id: int,
    by: Actor,
    reason: str = "",
    note: str = "",
    version: int | None = None,
    now: datetime,
) -> Hold:
    """Make a colleague's hold one's own; of what is one's own already it changes nothing.

    ``note`` is put to the hold's own note. Raises HoldError, Hold.DoesNotExist.
    """
    asked = {"reason": reason} if reason else {}
    with starting.attempt(Verb.TAKE_OVER, by=by, hold_id=hold_id, asked=asked, now=now):
        at = rate_and_clock.cal_now(now)
        hold = starting.fetch(hold_id)
        if hold.holder_id == by.user.pk:
            return hold
        rules.may_take_over(hold, by, reason=reason)
        _can_change_hands(hold, version=version, at=at, now=now)
        fields = {"holder": by.user, "note": rules.longer_note(hold, note)}
        _take(hold, fields, by=by, reason=reason, at=at, now=now)
    return hold


def is_possible(hold: Hold, user: User, *, at: datetime, now: datetime) -> bool:
    """Whether to offer it to somebody who looks at the hold."""
    stands = hold.is_live(at) or hold.state == State.UNCONFIRMED
    at_rest = hold.change is None and not hold.is_claimed(now)
    return stands and at_rest and hold.holder_id != user.pk and rules.can_take_over(user)


def _can_change_hands(hold: Hold, *, version: int | None, at: datetime, now: datetime) -> None:
    if hold.is_claimed(now):
        raise messages.being_changed(hold)
    if hold.change is not None:
        raise messages.being_settled(hold)
    if version is not None and version != hold.version:
        raise messages.changed_meanwhile(hold, at)
    if hold.has_ended:
        raise messages.has_ended(hold)
    if hold.state == State.HELD and hold.held_until is not None and not hold.is_live(at):
        raise messages.ran_out(hold.held_until)


def _take(
    hold: Hold, fields: dict[str, Any], *, by: Actor, reason: str, at: datetime, now: datetime
) -> None:
    """The new holder and the audit in one transaction, if the hold is as it was read."""
    before = _snapshot(hold)
    free = Q(claim_id=None) | Q(claim_until__lte=now)
    unchanged = Hold.objects.filter(free, pk=hold.pk, version=hold.version, change__isnull=True)
    former = hold.holder_id
    # The token is the former holder's: theirs alone to send again.
    fields |= {"form_token": None}
    with transaction.atomic(durable=True):
        if not unchanged.update(version=F("version") + 1, changed_at=now, **fields):
            raise messages.changed_meanwhile(hold, at)
        for name, value in fields.items():
            setattr(hold, name, value)
        hold.version += 1
        trail.event(
            action=Verb.TAKE_OVER,
            by=by,
            outcome=Outcome.OK,
            hold_id=hold.pk,
            asked={"person": former},
            before=before,
            after=_snapshot(hold),
            reason=reason,
            now=now,
        )


def _snapshot(hold: Hold) -> dict[str, Any]:
    return endings.snapshot(hold) | {"holder": str(hold.holder)}


@dataclass(frozen=True, slots=True)
class Taken:
    """A hold that somebody else took over, as its former holder is told of it."""

    hold: Hold
    by: str
    at: datetime


def taken_from(user: User, *, now: datetime) -> list[Taken]:
    """What colleagues took over from this person and still hold, the last one first: one query."""
    told = AuditEntry.objects.filter(
        action=Verb.TAKE_OVER,
        outcome=Outcome.OK,
        at__gt=now - TOLD_FOR,
        asked__person=user.pk,
        hold__state__in=Hold.OPEN,
    )
    entries = told.exclude(hold__holder=user).select_related("hold__holder", "hold__claim_by")
    return list(_last_of_each(entries.order_by("-id")))


def _last_of_each(entries: Iterable[AuditEntry]) -> Iterable[Taken]:
    """A hold may have changed hands more than once."""
    seen: set[int] = set()
    for entry in entries:
        if entry.hold is not None and entry.hold.pk not in seen:
            seen.add(entry.hold.pk)
            yield Taken(entry.hold, entry.actor_name, entry.at)
