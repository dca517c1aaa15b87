"""The register of holds, and the rows that its verbs share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from dashboard.audit import former_clients, text_index
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state.clock import LONG_AGO, STEP_MS, longest_claim
from dashboard.holds.slots import SlotHold
from dashboard.holds.states import BOOKED_BY_STAFF, OPEN, State
from dashboard.localization.searching import search_text

# What a hold says about its client: a search finds it, and an erasure empties it.
TEXTS = ("client_name", "client_contact", "note", "end_note")
NOTE_LENGTH = 1000  # characters


def claimed(now: datetime) -> Q:
    """Match holds that a verb is changing at this moment: see ``Hold.is_claimed``."""
    return Q(claim_until__gt=now, claim_until__lte=now + longest_claim())


def begun_at() -> Coalesce:
    """Return when a hold was last acted on: looks at one left half-way move ``changed_at`` too."""
    # What was refused before its first call has no intent.
    begun = AuditEntry.objects.filter(hold=OuterRef("pk"), kind=AuditEntry.Kind.INTENT)
    acts = begun.exclude(action__in=(AuditEntry.Action.CHECK, AuditEntry.Action.SETTLE))
    at = Subquery(acts.newest_first().values("at")[:1])
    return Coalesce(at, "created_at", output_field=models.DateTimeField())


class HoldQuerySet(models.QuerySet["Hold"]):
    """Ways to read the register. ``at`` is on cal.com's clock, ``now`` on the local one."""

    def write_rows(self, fields: dict[str, Any], *, now: datetime) -> int:
        """Set columns, and count the write: see ``Hold.version``. Return how many holds it met."""
        return self.update(version=F("version") + 1, changed_at=now, **fields)

    def with_people(self) -> HoldQuerySet:
        """Read the holder and who is changing it in the same query."""
        return self.select_related("holder", "claim_by")

    def live(self, cal_now: datetime) -> HoldQuerySet:
        """Held, with held-until still ahead."""
        return self.filter(state=State.HELD, held_until__gt=cal_now)

    def standing_unclaimed(self, now: datetime) -> HoldQuerySet:
        """Those with a reservation that may stand at cal.com, with no claim and no change."""
        return self.filter(
            ~claimed(now),
            change__isnull=True,
            reservation_uid__isnull=False,
            state__in=(State.HELD, State.EXPIRED),
        )

    def overlapping(self, start: datetime, end: datetime) -> HoldQuerySet:
        """Those whose slot overlaps; one of unknown end counts as an instant."""
        ends_later = Q(slot_end__gt=start) | Q(slot_end=None, slot_start__gte=start)
        return self.filter(ends_later, slot_start__lt=end)

    def past_their_time(self, cal_now: datetime, now: datetime) -> HoldQuerySet:
        """Those decided by time alone and not recorded yet: see ``is_past_its_time``."""
        return self.filter(
            Q(state=State.HELD, held_until__lte=cal_now, change__isnull=True)
            | Q(state=State.UNCONFIRMED, latest_end__lte=cal_now)
            | Q(state=State.UNCONFIRMED, latest_end=None)
            | Q(claim_id__isnull=False, claim_until__lte=now)
            | Q(claim_id__isnull=False, claim_until__gt=now + longest_claim())
        ).exclude(claimed(now))

    def left_half_way(self, now: datetime) -> HoldQuerySet:
        """Those with a change that no claim covers any more: see ``is_left_half_way``."""
        return self.filter(change__isnull=False).exclude(claimed(now))

    def ended_too_soon(self, cal_now: datetime) -> HoldQuerySet:
        """Those that ran out by a clock that was wrong: their end is still ahead."""
        ahead = cal_now + timedelta(milliseconds=STEP_MS)
        return self.filter(state=State.EXPIRED, ended_at__gt=ahead, change__isnull=True)


class Hold(models.Model):
    """Record of one reservation at cal.com.

    Times are aware and in UTC. ``held_until`` is a moment on cal.com's clock.
    *Live* is derived: ``state`` is held and ``held_until`` still ahead on that clock.
    """

    State = State
    OPEN = OPEN

    state = models.CharField(max_length=12, choices=State, default=State.PLACING)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="holds"
    )
    client_name = models.CharField(max_length=200, blank=True)
    client_contact = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)
    # Whom it was for before: see audit/former_clients.py.
    former_clients = models.TextField(blank=True, default="", db_default="")

    event_type_id = models.BigIntegerField()
    event_type_title = models.CharField(max_length=200, blank=True)
    event_type_kind = models.CharField(max_length=12, blank=True)  # "" is not known
    # Whose time it takes, by its event type when it was placed: [[id or null, name, is fixed], …].
    hosts = models.JSONField(default=list)
    slot_start = models.DateTimeField()
    slot_end = models.DateTimeField(null=True)  # not known before the first answer
    slot_duration = models.IntegerField(null=True)  # minutes; only where several are offered
    reservation_duration = models.IntegerField()  # minutes last asked for
    # Works like a password at cal.com: never shown, logged or exported.
    reservation_uid = models.CharField(max_length=200, null=True, unique=True)  # noqa: DJ001
    held_until = models.DateTimeField(null=True)
    # For an unanswered POST, on cal.com's clock: cal.com cannot hold the time beyond latest_end.
    # Until cal.com answers a later call, that is not known, and unanswered_since is set instead.
    latest_end = models.DateTimeField(null=True)
    unanswered_since = models.DateTimeField(null=True)

    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=40, blank=True)
    end_note = models.CharField(max_length=500, blank=True)
    erased_at = models.DateTimeField(null=True)  # when what it said about its client was erased

    form_token = models.UUIDField(null=True)
    # One of several times that a client was offered.
    offer = models.ForeignKey(
        "dashboard.Offer", on_delete=models.PROTECT, null=True, related_name="holds"
    )
    # A reservation made only to take another's place (extend and move by "new first").
    stands_in_for = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="stand_ins"
    )

    # Goes up with every write: the compare-and-set of claims and checks, and what boards look at.
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
    # What is under way at cal.com, so that another process can finish it (holds/change.py).
    change = models.JSONField(null=True)

    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    has_new_texts = False  # that the index does not have yet

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
                condition=Q(asking_event_type__isnull=False),
            ),
            # The board asks for these three all day, and in a long history they are few.
            models.Index(fields=["state", "ended_at"], name="hold_state_ended"),
            models.Index(
                fields=["changed_at"], name="hold_half_way", condition=Q(change__isnull=False)
            ),
            models.Index(
                fields=["claim_until"], name="hold_claimed", condition=Q(claim_id__isnull=False)
            ),
            models.Index(fields=["slot_start"], name="hold_slot_start"),
            models.Index(fields=["changed_at"], name="hold_changed_at"),
        ]

    def __str__(self) -> str:
        return f"hold {self.pk} ({self.state})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert or update the hold, and the index of what it says about its client."""
        is_new = self._state.adding
        super().save(*args, **kwargs)
        self.index_client(is_new=is_new)

    def index_client(self, *, is_new: bool = False) -> None:
        text_index.index_hold(self.pk, *self.texts, is_new=is_new)
        self.has_new_texts = False

    def is_live(self, cal_now: datetime) -> bool:
        """Return whether cal.com keeps the time at this moment of its clock."""
        is_ahead = self.held_until is not None and self.held_until > cal_now
        return self.state == State.HELD and is_ahead

    def keeps_slot(self, cal_now: datetime) -> bool:
        """Return whether cal.com keeps the slot from others, may keep it, or is asked for it."""
        if self.state == State.UNCONFIRMED:
            return self.latest_end is None or self.latest_end > cal_now
        return self.state == State.PLACING or self.is_live(cal_now)

    def is_assured(self, cal_now: datetime) -> bool:
        """Return whether the time is known to be kept: live, and no verb has begun to change it.

        A claim whose process died counts too, since its call may have been done.
        """
        return self.is_live(cal_now) and self.claim_id is None and self.change is None

    def is_claimed(self, now: datetime) -> bool:
        """Return whether a verb is changing it right now.

        A claim that ends later than any can is over: the local clock was set back since.
        """
        until = self.claim_until if self.claim_id is not None else None
        return until is not None and now < until <= now + longest_claim()

    @property
    def due_at(self) -> datetime | None:
        """Return when time alone ends it, on cal.com's clock; None where it does not."""
        if self.state == State.UNCONFIRMED:
            return self.latest_end or LONG_AGO  # due, to be given its latest end
        return self.held_until if self.state == State.HELD and self.change is None else None

    def is_past_its_time(self, cal_now: datetime, now: datetime) -> bool:
        """Return whether time alone has decided something that is not recorded yet."""
        if self.claim_id is not None:
            return not self.is_claimed(now)
        return self.due_at is not None and self.due_at <= cal_now

    def is_left_half_way(self, now: datetime) -> bool:
        """Return whether a change is open that no verb is at work on any more."""
        return self.change is not None and not self.is_claimed(now)

    def slot_hold(self) -> SlotHold:
        """Return the slot as the register has it. Raises ValueError if never confirmed."""
        if self.slot_end is None or self.held_until is None:
            raise ValueError("a hold that was never confirmed has no slot")
        return SlotHold(
            self.event_type_id, self.slot_start, self.slot_end, self.slot_duration, self.held_until
        )

    def snapshot(self) -> dict[str, Any]:
        """Return what the audit keeps of a hold: neither uid nor anything of the client."""
        return {
            "state": str(self.state),
            "event_type_id": self.event_type_id,
            "slot_start": self.slot_start.isoformat(),
            "slot_end": self.slot_end.isoformat() if self.slot_end else None,
            "held_until": self.held_until.isoformat() if self.held_until else None,
        }

    @property
    def texts(self) -> list[str]:
        former = former_clients.read(self.former_clients)
        own = [getattr(self, name) for name in TEXTS]
        return own + [text for each in former for text in (each.name, each.contact) if text]

    @property
    def search_text(self) -> str:
        """Return the texts as ``localization.searching`` compares them."""
        return search_text(*self.texts)

    @property
    def has_ended(self) -> bool:
        return self.state not in OPEN

    @property
    def is_booked_by_staff(self) -> bool:
        """Return whether it ended as booked because staff said so, not cal.com."""
        return self.state == State.BOOKED and self.end_reason == BOOKED_BY_STAFF

    @property
    def is_released(self) -> bool:
        return self.change is None and (self.state == State.RELEASED or self.is_booked_by_staff)

    @property
    def state_label(self) -> str:
        """Return the state in words."""
        return _("booked, as staff noted") if self.is_booked_by_staff else self.get_state_display()


class Offer(models.Model):
    """Several times held for one client, who will keep one of them."""

    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="offers"
    )
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"offer {self.pk}"
