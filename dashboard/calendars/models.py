"""Calendars: whose event types the desk serves, and what cal.com last listed of each."""

from dataclasses import asdict
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from dashboard.calcom import EventType, Host, Listed
from dashboard.calcom import Kind as EventTypeKind


class Calendar(models.Model):
    """A person, a team or a single event type at cal.com, as an Admin entered it.

    Without any, the desk serves the event types of the key's owner.
    """

    class Kind(models.TextChoices):
        USER = "user", _("person")  # reference: user name
        TEAM = "team", _("team")  # reference: id
        EVENT_TYPE = "event_type", _("single event type")  # reference: id

    class Colour(models.TextChoices):
        """The value is the end of a CSS class: ``hue-blue``."""

        GREY = "grey", _("grey")
        BLUE = "blue", _("blue")
        TEAL = "teal", _("teal")
        GREEN = "green", _("green")
        OLIVE = "olive", _("olive")
        ORANGE = "orange", _("orange")
        PINK = "pink", _("pink")
        VIOLET = "violet", _("violet")

    kind = models.CharField(max_length=10, choices=Kind)
    reference = models.CharField(max_length=100)
    # Whose list has the event type, where cal.com does not tell it by its id.
    username = models.CharField(max_length=100, blank=True)
    label = models.CharField(max_length=100)
    colour = models.CharField(max_length=10, choices=Colour, default=Colour.GREY)
    position = models.PositiveIntegerField(default=0)
    is_hidden = models.BooleanField(default=False)  # not offered; its number can be typed
    is_paused = models.BooleanField(default=False)  # shown, but no new holds
    # Staff who may hold for the calendars that name them, and for no others.
    limited_people = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="calendars", blank=True
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    # What cal.com last listed. The process that sets ``asked_at`` asks; the others read.
    source = models.CharField(max_length=16, blank=True)  # holds.calcom_client.source() of it
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    listed = models.JSONField(default=list)
    unread = models.PositiveIntegerField(default=0)
    cause = models.CharField(max_length=40, blank=True)  # why the last question was not answered

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["kind", "reference"], name="calendar_once")]

    is_for_reading = False  # in a catalogue, which shows another cause than is stored

    ANSWER_FIELDS = ("source", "answered_at", "listed", "unread", "cause")

    def __str__(self) -> str:
        return self.label

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert or update the calendar. Raises TypeError for one that is for reading only."""
        if self.is_for_reading:
            raise TypeError("A calendar of the catalogue cannot be saved.")
        super().save(*args, **kwargs)

    @cached_property
    def event_types(self) -> tuple[EventType, ...]:
        """Event types that cal.com last listed, by title."""
        return tuple(event_type_from_json(item) for item in self.listed)

    def take(self, listed: Listed[EventType]) -> None:
        """Set what cal.com has answered to the question of ``asked_at``, without saving it."""
        self.listed = [asdict(event_type) for event_type in listed.entries]
        self.unread, self.cause, self.answered_at = listed.unread, "", self.asked_at
        self.__dict__.pop("event_types", None)  # cached


def event_type_from_json(item: dict[str, Any]) -> EventType:
    return EventType(
        **item
        | {
            "kind": EventTypeKind(item["kind"]),
            "length_options": tuple(item["length_options"]),
            "hosts": tuple(Host(**host) for host in item["hosts"]),
        }
    )
