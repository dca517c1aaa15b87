"""Audit log: one append-only table. Triggers refuse any change of it: see ``triggers``."""

import json
import uuid
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from dashboard.audit import chain, text_index
from dashboard.audit.logged_actions import LoggedAction, TolerantDateTimeField, TolerantUUIDField
from dashboard.audit.stored_rows import JSON_COLUMNS

NO_ACTION = uuid.UUID(int=0)
# An action without an outcome that has written nothing for so long is over. This is longer than a
# change with all its calls, a claim or a check of many holds lasts.
MAX_SILENCE = timedelta(minutes=3)

NAMES = {
    "username": models.F("actor__username"),
    "client_name": models.F("hold__client_name"),
    "end_note": models.F("hold__end_note"),
    "erased_at": models.F("hold__erased_at"),
    "former_clients": models.F("hold__former_clients"),
}
TEXTS = {f"{name}_text": Cast(name, models.TextField()) for name in JSON_COLUMNS}


def of_same_action(**conditions: Any) -> "AuditEntryQuerySet":
    """Return entries with the action of an outer query's entry.

    With the equation alone, PostgreSQL would read all entries once, and not those of a few actions.
    """
    same = models.OuterRef("action_id")
    return AuditEntry.objects.order_by().filter(action_id=same, action_id__lte=same, **conditions)


def has_recent_entry(now: datetime) -> models.Exists:
    """Match entries and actions of which an entry was written within MAX_SILENCE."""
    return models.Exists(of_same_action(at__gte=now - MAX_SILENCE, at__lte=now + MAX_SILENCE))


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Queries of the log. Each uses an index, and none counts rows."""

    def newest_first(self) -> "AuditEntryQuerySet":
        return self.order_by("-id")

    def openings(self) -> "AuditEntryQuerySet":
        """Keep the first entry of each action."""
        return self.filter(kind__in=(AuditEntry.Kind.INTENT, AuditEntry.Kind.EVENT))

    def ended_among(self, action_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
        """Return those of these actions that have an outcome."""
        outcomes = self.filter(action_id__in=action_ids, kind=AuditEntry.Kind.OUTCOME)
        return set(outcomes.values_list("action_id", flat=True))

    def without_outcome(self) -> "AuditEntryQuerySet":
        """Keep the first entries of actions without an outcome."""
        open_actions = LoggedAction.objects.filter(outcome="")
        return self.filter(pk__in=open_actions.values("id"), kind=AuditEntry.Kind.INTENT)

    def silent(self, now: datetime) -> "AuditEntryQuerySet":
        """Keep the first entries of actions without an outcome that are over."""
        return self.without_outcome().filter(~has_recent_entry(now))

    def of_hold(self, hold_id: int) -> "AuditEntryQuerySet":
        """Keep all entries of actions on this hold, also those without its key."""
        named = AuditEntry.objects.order_by().filter(hold=hold_id).values("action_id")
        return self.filter(action_id__in=named)

    def with_names(self) -> Any:
        """Select entries as tuples, which are equal if nothing in them differs, with NAMES.

        As models they take much longer: ``AuditEntry.of_row`` makes one of them.
        """
        columns = [field.attname for field in self.model._meta.concrete_fields]
        stored = [f"{name}_text" if name in JSON_COLUMNS else name for name in columns]
        return self.annotate(**TEXTS, **NAMES).values_list(*stored, *NAMES, named=True)


class AuditEntry(models.Model):
    """One entry of the audit log, never changed or deleted.

    An action with calls to cal.com is an *intent*, a *step* before each further call and an
    *outcome*, all with the same ``action_id``. An action without a call (a sign-in) is one
    *event*. No entry contains personal data of clients, a uid or an API key.
    """

    class Kind(models.TextChoices):
        INTENT = "intent", _("intent")  # written before the first call
        STEP = "step", _("step")  # written before each further call, with the last answer
        OUTCOME = "outcome", _("outcome")  # the end of the action, with the last answer
        EVENT = "event", _("event")  # a whole action without a call

    class Action(models.TextChoices):
        PLACE = "place", _("placed a hold")
        CHECK = "check", _("verified a hold")
        EXTEND = "extend", _("extended a hold")
        MOVE = "move", _("moved a hold")
        RELEASE = "release", _("released a hold")
        TAKE_OVER = "take_over", _("took over a hold")
        CLIENT_CHANGED = "client_changed", _("changed a client's data")
        OFFER = "offer", _("started an offer")
        LOOK_UP = "look_up", _("looked up a reservation")
        TAKE_IN = "take_in", _("added a reservation to the board")
        PUT_ASIDE = "put_aside", _("put a hold aside")
        ACTION_CLOSED = "action_closed", _("closed an action without an outcome")
        EXPIRE = "expire", _("a hold ran out")
        SETTLE = "settle", _("finished an interrupted change")
        SIGN_IN = "sign_in", _("signed in")
        SIGN_IN_FAILED = "sign_in_failed", _("failed to sign in")
        SIGN_IN_UNLOCKED = "sign_in_unlocked", _("ended the waits to sign in")
        SIGN_OUT = "sign_out", _("signed out")
        SESSIONS_ENDED = "sessions_ended", _("signed a person out everywhere")
        PERSON_ADDED = "person_added", _("added a person")
        PERSON_CHANGED = "person_changed", _("changed a person")
        PASSWORD_CHANGED = "password_changed", _("changed a password")
        CALENDAR_ADDED = "calendar_added", _("added a calendar")
        CALENDAR_CHANGED = "calendar_changed", _("changed a calendar")
        CALENDAR_REMOVED = "calendar_removed", _("removed a calendar")
        DENIED = "denied", _("was denied")
        EXPORT = "export", _("exported the log")
        VERIFY = "verify", _("verified the log")
        ERASE = "erase", _("erased a client's data")
        PRUNE = "prune", _("removed old entries")
        SIGNATURES_RENEWED = "signatures_renewed", _("renewed signatures")
        SEARCHES_READ = "searches_read", _("read the saved searches of others")
        SEARCH_DELETED = "search_deleted", _("deleted a saved search of another person")
        BACKUP = "backup", _("began a backup")
        RESTORE = "restore", _("restored a backup")
        MOVE_DATABASE = "move_database", _("moved to another database")

    class Outcome(models.TextChoices):
        OK = "ok", _("done")
        REFUSED = "refused", _("refused")  # by cal.com, by a colleague's claim or by a rule
        UNAVAILABLE = "unavailable", _("not done")  # certainly not done, safe to try again
        UNKNOWN = "unknown", _("unknown")  # sent, and no answer arrived

    at = TolerantDateTimeField()
    kind = models.CharField(max_length=10, choices=Kind)
    action_id = TolerantUUIDField(default=uuid.uuid4)
    action = models.CharField(max_length=20, choices=Action)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    actor_name = models.CharField(max_length=150)  # "system" without a person
    hold = models.ForeignKey(
        "dashboard.Hold", on_delete=models.PROTECT, null=True, related_name="entries"
    )
    asked = models.JSONField(default=dict)  # by the names of this application
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    method = models.CharField(max_length=7, blank=True)  # of the call that follows this entry
    path = models.CharField(max_length=100, blank=True)  # a template, never with a uid
    answered_method = models.CharField(max_length=7, blank=True)  # of the call whose answer this is
    answered_path = models.CharField(max_length=100, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=100, blank=True)  # of this application or of cal.com
    message = models.TextField(blank=True)  # cleansed
    milliseconds = models.PositiveIntegerField(null=True)
    upstream_request_id = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=40, blank=True)  # a code, never free text
    address = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)  # "" in entries older than the chain

    # NAMES: of actor and hold, None without one; only ``of_row`` sets them.
    username: str | None
    client_name: str | None
    end_note: str | None
    erased_at: datetime | None
    former_clients: str | None

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            # One outcome per action, also if several processes finish it for one that died.
            models.UniqueConstraint(
                fields=["action_id"],
                condition=models.Q(kind="outcome"),
                name="audit_one_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["action_id", "kind"], name="audit_action_kind"),
            models.Index(fields=["hold", "id"], name="audit_hold"),
            models.Index(fields=["action", "id"], name="audit_action"),
            models.Index(fields=["at"], name="audit_at"),
            models.Index(fields=["upstream_request_id"], name="audit_upstream"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.get_action_display()} ({self.kind})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the entry with its content hash, from which the database makes its link."""
        self.content_hash = chain.content_hash(self)
        super().save(*args, **kwargs)

    @classmethod
    def from_db(cls, *row: Any, **options: Any) -> Self:
        """Read an entry, also one that another program has made unreadable.

        Pages show what is there; that it was changed, a verification finds.
        """
        entry = super().from_db(*row, **options)
        read = entry.__dict__
        for name in JSON_COLUMNS:
            if name in read and not isinstance(read[name], dict):
                read[name] = {"unreadable": read[name]}
        # SQLite stores anything in any column.
        if "action_id" in read and read["action_id"] is None:
            read["action_id"] = NO_ACTION
        if isinstance(read.get("actor_name"), bytes):
            read["actor_name"] = read["actor_name"].decode(errors="replace")
        if isinstance(read.get("milliseconds"), str):
            read["milliseconds"] = None
        return entry

    @classmethod
    def of_row(cls, row: Any) -> Self:
        """Return the entry of a row of ``with_names``."""
        values = dict(zip(row._fields, row, strict=True))
        for name in TEXTS:
            with suppress(ValueError):
                values[name] = json.loads(values[name])
        names = {name: values.pop(name) for name in NAMES}
        entry = cls.from_db(None, (), list(values.values()))
        entry.__dict__.update(names)
        return entry


class AuditLink(models.Model):
    """Place of one entry in the chain. A trigger writes it with the entry; see ``chain``.

    It refers to the entry by number only: the link of the last pruned entry remains, because the
    next one is computed from it.
    """

    position = models.BigIntegerField(primary_key=True)  # 1, 2, … without a gap
    entry_id = models.BigIntegerField(unique=True)
    content_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.position}: entry {self.entry_id}"


class AuditPrune(models.Model):
    """Signed record that all entries up to a position may be deleted; see ``retention``.

    The triggers let the entries go that a record covers, and no other.
    """

    position = models.BigIntegerField(primary_key=True)
    first = models.BigIntegerField(unique=True)  # so that of two runs at once one is refused
    hash = models.CharField(max_length=64)  # of the link at this position
    until = TolerantDateTimeField()  # when the latest of these entries was written
    at = TolerantDateTimeField()
    signature = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"entries up to position {self.position}"


class IndexedText(models.Model):
    """Text of one row of another table, with that row's primary key; see ``text_index``."""

    rowid = models.BigIntegerField(primary_key=True)
    text = models.TextField()

    class Meta:
        abstract = True
        managed = False

    def __str__(self) -> str:
        return f"{self._meta.db_table} {self.rowid}"


class EntryText(IndexedText):
    class Meta(IndexedText.Meta):
        db_table = text_index.ENTRIES


class HoldText(IndexedText):
    class Meta(IndexedText.Meta):
        db_table = text_index.HOLDS
