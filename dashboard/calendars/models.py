"""Calendars: whose event types the desk serves."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from dashboard.calcom import EventType


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

    # Set by ``catalogue``: the event types that cal.com lists, the number of those that cannot be
    # read, and why the list is not fresh.
    event_types: tuple[EventType, ...] = ()
    unread = 0
    cause = ""

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["kind", "reference"], name="calendar_once")]

    def __str__(self) -> str:
        return self.label
