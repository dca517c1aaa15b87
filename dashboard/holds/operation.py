"""One action of a verb, from its first check to its outcome: claim, audit and calls to cal.com.

Each call is preceded by a committed audit row: the intent, or a step that carries the answer to
the call before. No transaction is open while a call is out.
"""

import time
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from django.db import IntegrityError, transaction

from dashboard.accounts.actors import Actor
from dashboard.audit.trail import Action, Outcome, Trail
from dashboard.calcom import Answer, CalcomError
from dashboard.calcom.endpoints import Call
from dashboard.calcom_state import calcom_client, clock, rate_and_clock
from dashboard.calcom_state.clock import Clock
from dashboard.holds import claims, database_connection, messages, offers, safety
from dashboard.holds.action_log import ActionLog
from dashboard.holds.change import Change, Phase, settled_by
from dashboard.holds.claims import Claim, ClaimLostError, SlotBusyError, SlotGuard
from dashboard.holds.hold_fields import Fields
from dashboard.holds.models import Hold, claimed
from dashboard.holds.problems import HoldError
from dashboard.holds.slots import SlotHold

T = TypeVar("T")

PATIENCE = 2.0  # seconds that a person's verb waits for a colleague who is asking for the same time
PAUSE = 0.05
# cal.com may read from a replica of its database that is so far behind its writes.
REPLICA_LAG = timedelta(seconds=1)


class Operation:
    """An action of a verb. As a context manager it records what is refused before it starts.

    ``by`` is who acts, None the system; ``asked`` is what the audit keeps of the request. Leaving
    the context with ClaimLostError raises HoldError: the action took longer than its claim. So does
    a second outcome: another process has closed the action.
    """

    def __init__(
        self,
        action: Action,
        *,
        by: Actor | None,
        asked: dict[str, Any] | None = None,
        hold_id: int | None = None,
        now: datetime,
    ) -> None:
        self.action = action
        self.by = by
        self.hold: Hold | None = None
        self.stand_in: Hold | None = None  # a second row, see ``alteration.new_first``
        self.log = ActionLog(Trail(uuid.uuid4(), action, by, hold_id), asked or {})
        self.clock = Clock(now)
        self.upstream = rate_and_clock.load_confirmed()
        self.began_at = self.cal_now()
        self.has_sent = False
        self._claim: Claim | None = None
        self._ends = now
        self._pending: dict[int, tuple[Hold, Fields]] = {}  # of claimed holds, to be committed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, HoldError) and not self.log.has_started:
            with transaction.atomic(durable=True):
                self.log.refusal(error, now=self.now())
        if isinstance(error, IntegrityError) and self.log.was_closed():
            with transaction.atomic(durable=True):
                self.log.too_late(now=self.now())
            safe = str(messages.TRY_AGAIN)
            raise messages.refusal("took_too_long", hold=self.hold, safe=safe) from error
        if isinstance(error, ClaimLostError) and self.hold is not None:
            self.abandon()
            self.hold.refresh_from_db()
            raise messages.refusal("took_too_long", hold=self.hold) from error

    def again(self, hold: Hold) -> Self:
        """Return an action of its own for the same request, on the hold as this one left it."""
        asked, now = self.log.asked, self.now()
        return type(self)(self.action, by=self.by, asked=asked, hold_id=hold.pk, now=now)

    def now(self) -> datetime:
        return self.clock.now()

    def cal_now(self) -> datetime:
        """Return the moment on cal.com's clock."""
        return self.upstream.cal_now(self.now())

    def has_time_for(self, calls: int, *, after: float = 0) -> bool:
        """Return whether the claim lasts for so many more calls, ``after`` seconds from now."""
        needed = timedelta(seconds=after + calcom_client.CALL_SECONDS * calls)
        return self.now() + needed <= self._ends

    def require_calls(self, calls: int, hold: Hold | None, *, for_others: int = 0) -> None:
        """Raise HoldError without room for so many calls beside those that are left for others.

        Then ``hold``, if any, stays as it is.
        """
        wait = self.upstream.seconds_to_wait(calls, self.now(), for_others=for_others)
        if wait is not None:
            safe = safety.still_yours(hold, self.cal_now()) if hold else safety.nothing_held()
            raise messages.refusal("rate_limited", safe=safe, wait=wait)

    def change(self, phase: Phase, origin: SlotHold, target: SlotHold, **more: Any) -> Change:
        """Return a change of this action that is about to begin; ``more`` are its other fields."""
        return Change(str(self.action), phase, origin, target, settled_by(self.cal_now()), **more)

    def start(
        self,
        hold: Hold,
        *,
        method: str,
        calls: int,
        guard: SlotGuard | None = None,
        change: Change | None = None,
        stand_in: Hold | None = None,
        offer: int | None = None,
        shares_rate: bool = False,
        reason: str = "",
    ) -> None:
        """Claim the hold, or insert a new one, and record the intent, in one transaction.

        The claim lasts for the time limits of so many ``calls``. A ``stand_in`` is a second new
        row, which then does the guarding. With ``shares_rate`` the calls must fit into the rate
        allowance together with those of colleagues at work. A person waits for a colleague who is
        asking for the same time. Raises HoldError, IntegrityError.
        """
        give_up = time.monotonic() + (PATIENCE if self.by else 0)
        before = {} if hold._state.adding else hold.snapshot()
        while True:
            user = self.by.user if self.by else None
            until = self.now() + clock.time_limit(calls)
            claim = Claim(self.log.trail.action_id, str(self.action), user, until, guard)
            try:
                with transaction.atomic(durable=True):
                    self._take(hold, claim, change=change, stand_in=stand_in, offer=offer)
                    if shares_rate:
                        self._require_shared_calls(hold, calls)
                    self.log.intent(hold, method, before=before, reason=reason, now=self.now())
                    until = claims.renew(claim, (stand_in, hold), calls, now=self.now())
            except SlotBusyError as busy:
                if time.monotonic() > give_up:
                    raise messages.being_asked(busy.other) from busy
            else:
                self.hold, self.stand_in = hold, stand_in
                self._claim, self._ends = claim, until
                return
            time.sleep(PAUSE)

    def start_without_claim(self, hold: Hold | None, *, method: str) -> None:
        """Record the intent of a call that changes nothing."""
        now = self.now()
        self.hold, self._ends = hold, now + clock.time_limit(1)
        before = hold.snapshot() if hold else {}
        with transaction.atomic(durable=True):
            self.log.intent(hold, method, before=before, now=now)

    def _take(
        self,
        hold: Hold,
        claim: Claim,
        *,
        change: Change | None,
        stand_in: Hold | None,
        offer: int | None,
    ) -> None:
        """Guard the slot, then claim or insert the rows: always in this order of locks."""
        now = self.now()
        if claim.guard is not None:
            claim.guard.take_turn(now=now, exclude=hold.pk)
        if offer is not None:
            offers.lock_undecided(offer, now=now)
        if stand_in is not None:
            claims.insert(stand_in, claim, now=now)
            claim = replace(claim, guard=None)
        if hold._state.adding:
            if hold.offer_id is not None:
                offers.join(hold.offer_id, now=now)
            claims.insert(hold, claim, now=now)
            return
        fields = claim.fields() | ({"change": change.to_json()} if change else {})
        if not claims.update_unclaimed(hold, fields, now=now):
            hold = Hold.objects.with_people().get(pk=hold.pk)
            if hold.is_claimed(now):
                raise messages.refusal("being_changed", hold=hold)
            raise messages.changed_meanwhile(hold, self.cal_now())

    def _require_shared_calls(self, hold: Hold, calls: int) -> None:
        """Count colleagues' calls too: a parked hold that waits for the rate is anyone's to take.

        More than a whole allowance is never asked for, as it would never be there.
        """
        rate_and_clock.lock()
        at_work = Hold.objects.filter(claimed(self.now()), claim_id__isnull=False)
        others = at_work.exclude(pk=hold.pk).count()
        needed, whole = calls * (1 + others), self.upstream.rate_limit
        self.require_calls(needed if whole is None else max(calls, min(needed, whole)), hold)

    def received(self, answer: Answer[T] | CalcomError) -> T:
        """Take in the answer to a call of this action, and return it. Raises CalcomError."""
        database_connection.renew()
        self.log.answer = answer
        rate_and_clock.learn(self.upstream, answer, learns_clock=not self.clock.has_stepped())
        if isinstance(answer, CalcomError):
            raise answer
        return answer.value

    def send(self, call: Call[T]) -> T:
        """Send one call after its audit row is committed. Raises CalcomError, ClaimLostError."""
        if self.has_sent or self._pending:
            with transaction.atomic(durable=True):
                self._write_pending()
                if self.has_sent:
                    self.log.step(call.method, now=self.now())
                    rate_and_clock.save(self.upstream)
        self.has_sent = True
        self.log.sending(writes=call.writes)
        return self.received(calcom_client.client().answer_to(call))

    def ask(self, call: Call[T]) -> T:
        """Return the answer to a read that no entry will have. Raises CalcomError."""
        answer = calcom_client.client().answer_to(call)
        self.upstream.reads += (answer.exchange,)
        return self.received(answer)

    def wait_for_replica(self) -> bool:
        """Wait where the last answer may be older than the hold, until the next cannot be.

        Return whether that was so, and asking again is worth it.
        """
        if self.hold is None or self.log.answer is None:
            return False
        written_at, asked_at = self.hold.changed_at, self.log.answer.exchange.sent_at
        if not written_at <= asked_at < written_at + REPLICA_LAG:
            return False
        time.sleep((written_at + REPLICA_LAG - asked_at).total_seconds())
        return True

    def write(self, hold: Hold, fields: Fields) -> None:
        """Set columns of a claimed hold with the next step or outcome, and not before."""
        self._pending.setdefault(hold.pk, (hold, {}))[1].update(fields)

    def finish(
        self, outcome: Outcome, *, cause: str = "", reason: str = "", after: Fields | None = None
    ) -> None:
        """Commit what is pending, the end of the claim and the outcome in one transaction.

        ``after`` is what the audit keeps of the end: of a claimed hold, as it is then, if not
        given. Raises ClaimLostError.
        """
        hold = self.hold if self._claim is not None else None
        if hold is not None:
            self.write(hold, claims.no_claim())
        with transaction.atomic(durable=True):
            self._write_pending()
            if after is None:
                after = hold.snapshot() if hold is not None else {}
            self.record_outcome(outcome, cause=cause, reason=reason, after=after)

    def record_outcome(self, outcome: Outcome, *, hold_id: int | None = None, **said: Any) -> None:
        """Record the outcome inside the caller's transaction."""
        self.log.outcome(outcome, hold_id=hold_id, now=self.now(), **said)
        rate_and_clock.save(self.upstream)

    def abandon(self) -> None:
        """End an action that took longer than its claim, which is someone else's by now.

        Nothing of the hold is written, except that it has to be looked at: a late call may have
        landed after others had settled the hold.
        """
        self._pending = {}
        now = self.now()
        with transaction.atomic(durable=True):
            if self.hold is not None and self.hold.change is not None:
                until = settled_by(self.cal_now()).isoformat()
                change = self.hold.change | {"settled_by": until, "is_answered": False}
                standing = Hold.objects.standing_unclaimed(now).filter(pk=self.hold.pk)
                standing.write_rows({"change": change}, now=now)
            self.log.too_late(now=now)
            rate_and_clock.save(self.upstream)

    def _write_pending(self) -> None:
        pending, self._pending = self._pending, {}
        for hold, fields in pending.values():
            if self._claim is not None:
                # No one else writes to it, so what stays as it is need not be written.
                changed = {name: new for name, new in fields.items() if getattr(hold, name) != new}
                claims.write(hold, changed, claim_id=self._claim.id, now=self.now())
