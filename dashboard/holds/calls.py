"""One call to cal.com, its audit row before and its answer after: the only place that sends."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from dashboard.audit import trail
from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.calcom import (
    Answer,
    AsyncClient,
    CalcomError,
    Cause,
    Client,
    Exchange,
    Refused,
    Reservation,
    Unavailable,
    Unknown,
)
from dashboard.holds import claims, rate_and_clock
from dashboard.holds.changes import Change, Spot, minutes_until
from dashboard.holds.models import Hold, Upstream

T = TypeVar("T")

COLLECTION = "/v2/slots/reservations"
ONE = "/v2/slots/reservations/{uid}"

# How often a GET or a DELETE, which do no harm twice, is sent before its silence is believed.
GET_TRIES = 2
DELETE_TRIES = 3

TOO_LONG = "took_too_long"  # in the audit

_clients: dict[tuple[int, str, str], Client] = {}
_lock = threading.Lock()


def new_client() -> Client:
    """A client for the cal.com of the settings."""
    return Client(
        base_url=settings.CALCOM_API_URL,
        api_key=settings.CALCOM_API_KEY,
        call_seconds=claims.CALL_SECONDS,
    )


def new_async_client() -> AsyncClient:
    """The same for checks in bulk: one for each, as its pool belongs to an event loop."""
    return AsyncClient(
        base_url=settings.CALCOM_API_URL,
        api_key=settings.CALCOM_API_KEY,
        call_seconds=claims.CALL_SECONDS,
    )


def client() -> Client:
    """The one pooled client of this process, made on first use and so never before a fork."""
    key = (os.getpid(), settings.CALCOM_API_URL, settings.CALCOM_API_KEY)
    with _lock:
        if key not in _clients:
            _close()
            _clients[key] = new_client()
        return _clients[key]


def close_client() -> None:
    """Give the pooled connections back; the next call makes a new client."""
    with _lock:
        _close()


def _close() -> None:
    for (pid, _url, _key), old in _clients.items():
        if pid == os.getpid():  # connections of a parent process are the parent's
            old.close()
    _clients.clear()


class Stopwatch:
    """The moment of our clock, counted on from a given one."""

    def __init__(self, now: datetime) -> None:
        self._start = now
        self._ticks = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._ticks)


@dataclass
class Action:
    """A verb under way: its claim, its audit trail and its calls.

    Each call is preceded by a committed audit row: the intent before the first, a step before
    each further one, which carries the answer to the one before. No transaction is open while
    a call is out.
    """

    trail: trail.Trail
    hold: Hold | None
    known: Upstream
    watch: Stopwatch
    ends: datetime
    claim_id: uuid.UUID | None = None
    was_written: bool = False
    way: str = ""  # which of the ways to extend and move it went, for the log
    _sent_before: bool = False
    _journal: dict[str, Any] | None = None  # the change as it was last written down
    _answered: Exchange | None = None
    _error: CalcomError | None = None
    _pending: dict[str, Any] = field(default_factory=dict)
    _also: list[Callable[[], None]] = field(default_factory=list)

    def now(self) -> datetime:
        """Our clock."""
        return self.watch.now()

    def at(self) -> datetime:
        """cal.com's clock."""
        return self.known.at(self.now())

    def has_time_for(self, calls: int, *, after: float = 0) -> bool:
        """Whether the claim lasts for so many more calls, ``after`` seconds from now."""
        needed = timedelta(seconds=after + claims.CALL_SECONDS * calls)
        return self.now() + needed <= self.ends

    def reserve(self, spot: Spot, minutes: int) -> Answer[Reservation]:
        """POST. Raises CalcomError."""
        return self._send(
            "POST",
            COLLECTION,
            lambda: client().reserve(
                event_type_id=spot.event_type_id,
                slot_start=spot.slot_start,
                slot_duration=spot.slot_duration,
                reservation_duration=minutes,
            ),
        )

    def get(self, uid: str, *, tries: int = GET_TRIES) -> Reservation | None:
        """GET, asked once more where it was not answered. Raises Unavailable."""
        try:
            return self._send("GET", ONE, lambda: client().get(uid=uid)).value
        except Unavailable as error:
            if error.cause is not Cause.UNANSWERED or tries == 1 or not self.has_time_for(1):
                raise
        return self.get(uid, tries=tries - 1)

    def update(self, uid: str, spot: Spot, change: Change) -> Reservation:
        """PATCH to ``spot`` until its end, with the change written down first.

        Raises CalcomError, and ClaimLostError when the claim ran out.
        """
        if self.hold is None or self.hold.change != change.to_json():
            self.write(change=change.to_json())
        return self._send(
            "PATCH",
            ONE,
            lambda: client().update(
                uid=uid,
                event_type_id=spot.event_type_id,
                slot_start=spot.slot_start,
                slot_duration=spot.slot_duration,
                reservation_duration=minutes_until(spot.until, self.at()),
            ),
        ).value

    def delete(self, uid: str, *, tries: int = DELETE_TRIES) -> None:
        """DELETE, sent again where it was not answered, as it does no harm twice.

        Raises Refused, Unavailable or, still unanswered, Unknown.
        """
        try:
            self._send("DELETE", ONE, lambda: client().delete(uid=uid))
        except Unknown as unknown:
            if tries == 1 or not self.has_time_for(1):
                raise
            self._delete_again(uid, tries - 1, unknown)

    def _delete_again(self, uid: str, tries: int, unknown: Unknown) -> None:
        """A later "no" says nothing of the first one, which may have been done."""
        try:
            self.delete(uid, tries=tries)
        except (Refused, Unavailable) as error:
            raise unknown from error

    def write(self, **fields: Any) -> None:
        """Fields of the hold to commit together with the next step or outcome."""
        self._pending |= fields

    def also(self, write: Callable[[], None]) -> None:
        """Another row to write in the same transaction, after the hold."""
        self._also.append(write)

    def only_if(self, write: Callable[[], bool]) -> None:
        """A write that is allowed to find nothing to write on; ``was_written`` tells."""

        def attempt() -> None:
            self.was_written = write()

        self.also(attempt)

    def received(self, exchange: Exchange, error: CalcomError | None) -> None:
        """What a call brought that was sent on behalf of this action."""
        self._answered, self._error = exchange, error
        rate_and_clock.learn(self.known, exchange, error)

    def finish_with(
        self, take: Callable[[], Hold], outcome: AuditEntry.Outcome, *, after: dict[str, Any]
    ) -> Hold:
        """Record a hold that the action found or made only now. Raises IntegrityError."""
        with transaction.atomic(durable=True):
            hold = take()
            self._outcome(outcome, after=after, hold_id=hold.pk)
        return hold

    def give_up(self) -> None:
        """End an action that took longer than its claim, which is somebody else's by now.

        Nothing of the hold is written, but that it has to be looked at: a call of ours may have
        landed after others had brought the hold to rest. Whoever gave the claim up has also
        written our outcome; then only the late answer is added.
        """
        self.claim_id = None
        self._pending, self._also = {}, []
        with transaction.atomic(durable=True):
            self._look_again()
            said = self._said(AuditEntry.Outcome.UNKNOWN, cause=TOO_LONG)
            if not trail.outcome_once(self.trail, **said):
                self._tell("", "", TOO_LONG)
            rate_and_clock.save(self.known)

    def _look_again(self) -> None:
        if self.hold is None or self._journal is None:
            return
        now = self.now()
        free = Q(claim_id=None) | Q(claim_until__lte=now)
        standing = Hold.objects.filter(
            free, pk=self.hold.pk, change__isnull=True, reservation_uid__isnull=False
        ).filter(state__in=(Hold.State.HELD, Hold.State.EXPIRED))
        change = self._journal | {"settled_by": self.settled_by().isoformat()}
        standing.update(change=change, version=F("version") + 1, changed_at=now)

    def settled_by(self) -> datetime:
        """After this a call sent now can no longer land at cal.com."""
        return self.now() + timedelta(seconds=claims.CALL_SECONDS) + claims.LANDING

    def finish(
        self,
        outcome: AuditEntry.Outcome,
        *,
        after: dict[str, Any] | None = None,
        cause: str = "",
        reason: str = "",
        **fields: Any,
    ) -> None:
        """Record, outcome and end of claim in one transaction."""
        with transaction.atomic(durable=True):
            self._commit(**(fields | (claims.ended() if self.claim_id else {})))
            self._outcome(outcome, after=after, cause=cause, reason=reason)

    def _outcome(self, outcome: AuditEntry.Outcome, **more: Any) -> None:
        trail.outcome(self.trail, **self._said(outcome, **more))
        rate_and_clock.save(self.known)

    def _said(
        self,
        outcome: AuditEntry.Outcome,
        *,
        after: dict[str, Any] | None = None,
        cause: str = "",
        reason: str = "",
        hold_id: int | None = None,
    ) -> dict[str, Any]:
        """What the log keeps of the end."""
        return {
            "outcome": outcome,
            "after": {**(after or {}), "way": self.way} if self.way else after,
            "answered": self._answered,
            "error_code": self._error_code(cause),
            "message": self._error.message if self._error else "",
            "reason": reason,
            "hold_id": hold_id,
            "now": self.now(),
        }

    def _send(self, method: str, path: str, call: Callable[[], Answer[T]]) -> Answer[T]:
        if self._sent_before or self._pending or self._also:
            self._step(method, path)
        self._sent_before = True
        self._answered, self._error = None, None
        try:
            answer = call()
        except CalcomError as error:
            self.received(error.exchange, error)
            raise
        self.received(answer.exchange, None)
        return answer

    def _step(self, method: str, path: str) -> None:
        with transaction.atomic(durable=True):
            self._commit()
            if self._sent_before:
                self._tell(method, path)

    def _tell(self, method: str, path: str, cause: str = "") -> None:
        """A step: the next call, if there is one, and the answer to the one before."""
        trail.step(
            self.trail,
            method=method,
            path=path,
            answered=self._answered,
            error_code=self._error_code(cause),
            message=self._error.message if self._error else "",
            now=self.now(),
        )
        rate_and_clock.save(self.known)

    def _commit(self, **fields: Any) -> None:
        fields = self._pending | fields
        if self.hold is not None and self.claim_id is not None and fields:
            claims.write(self.hold, fields, claim_id=self.claim_id, now=self.now())
            self._journal = fields.get("change", self._journal)
        for write in self._also:
            write()
        self._pending, self._also = {}, []

    def _error_code(self, cause: str) -> str:
        return cause or (str(self._error.cause) if self._error else "")


def begin(
    *,
    action: AuditEntry.Action,
    by: Actor | None,
    asked: dict[str, Any],
    method: str,
    path: str,
    calls: int,
    known: Upstream,
    watch: Stopwatch,
    hold: Callable[[uuid.UUID, datetime], Hold] | Hold | None = None,
    before: dict[str, Any] | None = None,
    reason: str = "",
) -> Action:
    """The claim and the intent, in one short transaction.

    ``hold`` is either the hold that the action looks at without a claim, or what claims (or
    makes) one when it is given the action's id and the end of its time.
    """
    now = watch.now()
    ends = now + claims.time_limit(calls)
    action_id = uuid.uuid4()
    claimed = callable(hold)
    with transaction.atomic(durable=True):
        target = hold(action_id, ends) if callable(hold) else hold
        started = trail.intent(
            action=action,
            action_id=action_id,
            by=by,
            hold_id=target.pk if target else None,
            asked=asked,
            before=before or {},
            method=method,
            path=path,
            reason=reason,
            now=now,
        )
    return Action(
        trail=started,
        hold=target,
        known=known,
        watch=watch,
        ends=ends,
        claim_id=action_id if claimed else None,
        _journal=target.change if claimed and target else None,
    )
