"""The register of holds, and what cal.com last told us about itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class HoldQuerySet(models.QuerySet["Hold"]):
    """Ways to read the register. ``at`` is a moment on cal.com's clock, ``now`` one on ours."""

    def live(self, at: datetime) -> HoldQuerySet:
        """Held, with held-until still ahead."""
        return self.filter(state=Hold.State.HELD, held_until__gt=at)

    def keeping(self, at: datetime) -> HoldQuerySet:
        """Those whose time cal.com keeps from others, or may keep: an answer never came."""
        return self.live(at) | self.filter(state=Hold.State.UNCONFIRMED, latest_end__gt=at)

    def on_board(self) -> HoldQuerySet:
        """All that staff must have an eye on: not ended, or with something left to finish."""
        return self.filter(Q(state__in=Hold.OPEN) | Q(change__isnull=False))

    def calm(self, now: datetime) -> HoldQuerySet:
        """Those that stand, or are being placed or changed by somebody right now."""
        return self.filter(
            Q(change__isnull=True) | Q(claim_until__gt=now),
            state__in=(Hold.State.HELD, Hold.State.PLACING),
        )

    def troubled(self, now: datetime) -> HoldQuerySet:
        """All others: nobody is at work on them, and something is open."""
        broken_off = Q(change__isnull=False) & (Q(claim_until=None) | Q(claim_until__lte=now))
        calm = (Hold.State.HELD, Hold.State.PLACING)
        return self.filter(broken_off | ~Q(state__in=calm)).select_related("holder", "claim_by")

    def overlapping(self, event_type_id: int, start: datetime, end: datetime) -> HoldQuerySet:
        """Those of the event type whose slot overlaps; one of unknown end counts as an instant."""
        return self.filter(
            Q(slot_end__gt=start) | Q(slot_end=None, slot_start__gte=start),
            event_type_id=event_type_id,
            slot_start__lt=end,
        )

    def asking_for(
        self, event_type_id: int, start: datetime, end: datetime | None, *, now: datetime
    ) -> HoldQuerySet:
        """Those being asked for at this moment that overlap; an unknown end overlaps all."""
        asking = self.filter(asking_event_type=event_type_id, claim_until__gt=now)
        if end is None:
            return asking
        return asking.filter(Q(asking_end=None) | Q(asking_end__gt=start, asking_start__lt=end))

    def past_their_time(self, at: datetime, now: datetime) -> HoldQuerySet:
        """What time alone has decided and nobody has recorded yet."""
        return self.filter(
            Q(state=Hold.State.HELD, held_until__lte=at, change__isnull=True)
            | Q(state=Hold.State.UNCONFIRMED, latest_end__lte=at)
            | Q(claim_id__isnull=False, claim_until__lte=now)
        ).exclude(claim_until__gt=now)

    def at_work(self, now: datetime) -> HoldQuerySet:
        """Those that somebody is changing right now."""
        return self.filter(claim_id__isnull=False, claim_until__gt=now)

    def left_half_way(self, now: datetime) -> HoldQuerySet:
        """Changes that nobody is at work on any more."""
        return self.filter(change__isnull=False).exclude(claim_until__gt=now)


class Hold(models.Model):
    """Our record of one reservation at cal.com.

    Times are aware and in UTC. ``held_until`` is a moment on cal.com's clock.
    *Live* is derived: ``state`` is held and ``held_until`` still ahead on that clock.
    """

    class State(models.TextChoices):
        PLACING = "placing", _("being placed")  # asked, no answer yet
        HELD = "held", _("held")
        UNCONFIRMED = "unconfirmed", _("unconfirmed")  # asked, and the answer never came
        REFUSED = "refused", _("refused")  # cal.com, or a rule, said no
        RELEASED = "released", _("released")
        BOOKED = "booked", _("booked")
        EXPIRED = "expired", _("expired")
        GONE = "gone", _("gone")  # cal.com no longer has it before its time
        LOST = "lost", _("lost")  # taken by somebody else in the gap of an extend or a move

    OPEN = (State.PLACING, State.HELD, State.UNCONFIRMED)

    state = models.CharField(max_length=12, choices=State, default=State.PLACING)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="holds"
    )
    client_name = models.CharField(max_length=200, blank=True)
    client_contact = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=1000, blank=True)

    event_type_id = models.BigIntegerField()
    event_type_title = models.CharField(max_length=200, blank=True)
    event_type_kind = models.CharField(max_length=12, blank=True)  # "" is not known
    slot_start = models.DateTimeField()
    slot_end = models.DateTimeField(null=True)  # not known before the first answer
    slot_duration = models.IntegerField(null=True)  # minutes; only where several are offered
    reservation_duration = models.IntegerField()  # minutes last asked for
    # Works like a password at cal.com: never shown, logged or exported.
    reservation_uid = models.CharField(max_length=200, null=True, unique=True)  # noqa: DJ001
    held_until = models.DateTimeField(null=True)
    # Set for an unanswered POST: cal.com cannot hold the time beyond this moment.
    latest_end = models.DateTimeField(null=True)

    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=40, blank=True)
    end_note = models.CharField(max_length=500, blank=True)

    form_token = models.UUIDField(null=True)
    # One of several times that a client was offered.
    offer = models.ForeignKey(
        "dashboard.Offer", on_delete=models.PROTECT, null=True, related_name="holds"
    )
    # A reservation made only to take another's place (extend and move by "new first").
    stands_in_for = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="stand_ins"
    )

    # Goes up with every write: the compare-and-set of claims and checks.
    version = models.PositiveIntegerField(default=0)
    claim_id = models.UUIDField(null=True)
    claim_verb = models.CharField(max_length=20, blank=True)
    claim_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    claim_until = models.DateTimeField(null=True)
    # The time being asked for at this moment; an unknown end guards the whole event type.
    asking_event_type = models.BigIntegerField(null=True)
    asking_start = models.DateTimeField(null=True)
    asking_end = models.DateTimeField(null=True)
    # What is under way at cal.com, so that another process can finish it (holds/ways.py).
    change = models.JSONField(null=True)

    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = HoldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["holder", "form_token"], name="hold_form_token"),
        ]
        indexes = [
            models.Index(fields=["state", "held_until"], name="hold_state_until"),
            models.Index(fields=["holder", "state"], name="hold_holder_state"),
            models.Index(
                fields=["asking_event_type", "claim_until"],
                name="hold_asking",
                condition=models.Q(asking_event_type__isnull=False),
            ),
            # The board asks for these three all day, and in a long history they are few.
            models.Index(fields=["state", "ended_at"], name="hold_state_ended"),
            models.Index(
                fields=["changed_at"],
                name="hold_half_way",
                condition=models.Q(change__isnull=False),
            ),
            models.Index(
                fields=["claim_until"],
                name="hold_claimed",
                condition=models.Q(claim_id__isnull=False),
            ),
            models.Index(fields=["slot_start"], name="hold_slot_start"),
            models.Index(fields=["changed_at"], name="hold_changed_at"),
        ]

    def __str__(self) -> str:
        return f"hold {self.pk} ({self.state})"

    def is_live(self, at: datetime) -> bool:
        """Whether cal.com keeps the time at this moment of its clock."""
        return (
            self.state == self.State.HELD and self.held_until is not None and self.held_until > at
        )

    def is_claimed(self, now: datetime) -> bool:
        """Whether somebody is changing it right now."""
        return self.claim_id is not None and self.claim_until is not None and self.claim_until > now

    @property
    def has_ended(self) -> bool:
        return self.state not in self.OPEN


class Offer(models.Model):
    """Several times held for one client, who will keep one of them."""

    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="offers"
    )
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"offer {self.pk}"


class FreeTimes(models.Model):
    """What cal.com last listed as free for one event type and span, for all processes.

    Whoever sets ``asked_at`` first is the one that asks; the others read what is here.
    """

    event_type_id = models.BigIntegerField()
    first_day = models.DateField()  # in the office's zone
    days = models.PositiveSmallIntegerField()
    slot_duration = models.PositiveIntegerField(default=0)  # minutes; 0 is the usual length
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    slots = models.JSONField(default=list)
    cause = models.CharField(max_length=40, blank=True)  # why there is no answer

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event_type_id", "first_day", "days", "slot_duration"],
                name="free_times_span",
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], name="free_times_asked_at")]

    def __str__(self) -> str:
        return f"free times of event type {self.event_type_id} from {self.first_day}"


class EventTypeLock(models.Model):
    """One row per event type: whoever writes it first asks for a time first."""

    event_type_id = models.BigIntegerField(primary_key=True)
    turn = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"event type {self.event_type_id}"


class Upstream(models.Model):
    """What cal.com last told us of its clock, rate and habits. One row for all processes."""

    clock_offset_ms = models.BigIntegerField(default=0)  # cal.com's clock less ours
    rate_limit = models.PositiveIntegerField(null=True)
    rate_remaining = models.PositiveIntegerField(null=True)
    rate_resets_at = models.DateTimeField(null=True)
    blocked_until = models.DateTimeField(null=True)
    # Until then an extension in place is known to be answered with the self-overlap 422.
    self_overlap_until = models.DateTimeField(null=True)

    # Names of fields that an answer told us and that are not saved yet.
    learnt: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return "what cal.com last told us"

    def learn(self, **facts: Any) -> None:
        """Take over what an answer told, in memory."""
        for name, value in facts.items():
            setattr(self, name, value)
        self.learnt |= facts.keys()

    def at(self, now: datetime) -> datetime:
        """The same moment on cal.com's clock."""
        return now + timedelta(milliseconds=self.clock_offset_ms)

    def room(self, now: datetime) -> int | None:
        """How many calls the last known rate allowance still covers; None when not known."""
        if self.blocked_until is not None and self.blocked_until > now:
            return 0
        if self.rate_resets_at is None or self.rate_resets_at <= now:
            return self.rate_limit
        return self.rate_remaining

    def seconds_to_wait(self, calls: int, now: datetime) -> int | None:
        """Seconds until so many calls are covered; None when they are now."""
        room = self.room(now)
        if room is None or room >= calls:
            return None
        until = max(m for m in (self.blocked_until, self.rate_resets_at, now) if m is not None)
        return max(1, -int(-(until - now).total_seconds() // 1))
