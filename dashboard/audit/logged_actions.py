"""Actions of the log, one row each, for searching; see ``action_sql`` for who writes them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

OTHERS = ("cause", "ended", "hold", "event_type", "about", "address", "request_id")


class TolerantField(models.Field):  # type: ignore[type-arg]
    """Field that also reads what another program has stored in SQLite and Django cannot read.

    That is None, or ``INSTEAD``. In migrations it is a plain field of Django.
    """

    READABLE = ""  # SQL of whether a column can be read
    INSTEAD = "NULL"

    def deconstruct(self) -> Any:
        name, _path, arguments, options = super().deconstruct()
        return name, f"django.db.models.{self.get_internal_type()}", arguments, options

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        if compiler.connection.vendor != "sqlite":
            return sql, params
        # For SQLite's functions, a text ends with its first zero character.
        readable = f"instr({sql}, char(0)) = 0 AND {self.READABLE.format(sql)}"
        chosen = f"CASE WHEN {sql} IS NULL OR {readable} THEN {sql} ELSE {self.INSTEAD} END"
        return chosen, [*params] * chosen.count(sql)


class TolerantUUIDField(TolerantField, models.UUIDField):  # type: ignore[type-arg]
    """Number of an action."""

    READABLE = "length({0}) = 32 AND {0} NOT GLOB '*[^0-9a-f]*'"


class TolerantDateTimeField(TolerantField, models.DateTimeField):  # type: ignore[type-arg]
    """Moment of the log."""

    # Days that exist, whose form ends with a digit, and that every time zone has.
    READABLE = (
        "datetime(substr({0}, 1, 19), '+0 days') = substr({0}, 1, 19)"
        " AND datetime({0}) IS NOT NULL AND {0} GLOB '*[0-9]'"
        " AND {0} BETWEEN '0001-01-02' AND '9999-12-30'"
    )
    INSTEAD = "'0001-01-02 00:00:00'"


class LoggedActionQuerySet(models.QuerySet["LoggedAction"]):
    def newest_first(self) -> LoggedActionQuerySet:
        return self.order_by("-id")

    def older_than(self, entry_id: int | None) -> LoggedActionQuerySet:
        """Keep actions that began before the entry with this id; all for None."""
        return self if entry_id is None else self.filter(id__lt=entry_id)

    def newer_than(self, entry_id: int | None) -> LoggedActionQuerySet:
        """Keep actions that began after the entry with this id; all for None."""
        return self if entry_id is None else self.filter(id__gt=entry_id)


class LoggedAction(models.Model):
    """One action, by what its first entry says, and its outcome.

    Other models are named by number only. Columns that most actions leave empty are NULL then, and
    not in their index.
    """

    id = models.BigAutoField(primary_key=True)  # of the first entry, from which it is taken
    action_id = TolerantUUIDField()
    at = models.DateTimeField()
    action = models.CharField(max_length=20)
    actor = models.BigIntegerField(null=True)
    outcome = models.CharField(max_length=12)  # "" before the last entry
    cause = models.CharField(max_length=100, null=True)  # noqa: DJ001 error code, "" for none
    ended = models.CharField(max_length=12, null=True)  # noqa: DJ001 state that a hold ended in
    hold = models.BigIntegerField(null=True)
    event_type = models.BigIntegerField(null=True)
    about = models.CharField(max_length=150, null=True)  # noqa: DJ001 user name
    address = models.CharField(max_length=45, null=True)  # noqa: DJ001
    request_id = models.CharField(max_length=64, null=True)  # noqa: DJ001

    objects = LoggedActionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["actor", "id"], name="logged_actor"),
            models.Index(fields=["action", "id"], name="logged_action"),
            models.Index(fields=["outcome", "id"], name="logged_outcome"),
            models.Index(fields=["actor", "action", "id"], name="logged_actor_action"),
            models.Index(fields=["actor", "outcome", "id"], name="logged_actor_outcome"),
            models.Index(fields=["action", "outcome", "id"], name="logged_action_outcome"),
            *(
                models.Index(
                    fields=[name, "id"],
                    name=f"logged_{name}",
                    condition=Q(**{f"{name}__isnull": False}),
                )
                for name in OTHERS
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.outcome}".rstrip()
