"""What may be asked for, before cal.com is asked. Each rule raises HoldError beside its field."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from dashboard.accounts import roles
from dashboard.accounts.models import User
from dashboard.audit.actor import Actor
from dashboard.calcom import Cause, EventType
from dashboard.holds import local_times, messages
from dashboard.holds.models import Hold

# cal.com answers a larger number with a fault of its own (its database column is 32 bits wide).
EVENT_TYPE_ID_MAX = 2**31 - 1
LENGTH_MAX = 24 * 60  # minutes; what the event type offers may not be known


def may_act(hold: Hold, by: Actor) -> None:
    """Staff act on their own holds, Admins on everybody's."""
    if hold.holder_id != by.user.pk and not roles.is_admin(by.user):
        raise messages.not_yours(hold)


def can_take_over(user: User) -> bool:
    """Whether a colleague's hold may become theirs: always for Admins, for Staff if so set."""
    return roles.is_admin(user) or bool(settings.STAFF_MAY_TAKE_OVER)


def may_take_over(hold: Hold, by: Actor, *, reason: str) -> None:
    """Who is no Admin says why."""
    if not can_take_over(by.user):
        raise messages.not_yours(hold)
    if not reason and not roles.is_admin(by.user):
        raise messages.invalid({"reason": _("Say why you are taking it over.")}, hold=hold)


def longer_note(hold: Hold, more: str) -> str:
    """The hold's note with a sentence added, as long as there is room for it."""
    note = " · ".join(text for text in (hold.note, more.strip()) if text)
    most = Hold._meta.get_field("note").max_length or 0
    if len(note) > most:
        room = max(0, most - len(hold.note) - len(" · "))
        message = _("The note of this hold has room for %(room)s more characters.")
        raise messages.invalid({"note": message % {"room": room}}, hold=hold)
    return note


def slot(event_type_id: int, slot_start: datetime, *, at: datetime) -> None:
    """An event type that can exist, and a start that is not past on cal.com's clock."""
    fields = {}
    if not 0 < event_type_id <= EVENT_TYPE_ID_MAX:
        fields["event_type_id"] = str(messages.HAPPENED[Cause.UNKNOWN_EVENT_TYPE][0])
    if slot_start <= at:
        fields["slot_start"] = _("This time is past: it is %(now)s (%(zone)s).") % {
            "now": f"{local_times.day(at)} {local_times.clock(at)}",
            "zone": local_times.zone_name(),
        }
    if fields:
        raise messages.invalid(fields)


def slot_duration(minutes: int | None, known: EventType | None) -> None:
    """A length only where several are offered, and then one of them."""
    if minutes is None:
        return
    message = ""
    if not 1 <= minutes <= LENGTH_MAX:
        message = _("A length is from 1 to %(most)s minutes.") % {"most": LENGTH_MAX}
    elif known and not known.length_options:
        message = _("This event type has one length, %(length)s minutes: leave this empty.") % {
            "length": known.length_in_minutes
        }
    elif known and minutes not in known.length_options:
        message = _("This event type offers %(lengths)s minutes.") % {
            "lengths": ", ".join(map(str, known.length_options))
        }
    if message:
        raise messages.invalid({"slot_duration": message})


def until(wanted: datetime, *, at: datetime) -> None:
    """A moment ahead and within the office's policy. Rounded up to a whole minute it may be asked
    for."""
    latest = at + timedelta(minutes=settings.HOLD_MINUTES_MAX)
    if not at < wanted <= latest:
        raise messages.invalid(
            {
                "until": _("It is %(now)s. Choose a time until %(latest)s (%(zone)s).")
                % {
                    "now": local_times.minute(at),
                    "latest": local_times.minute(latest),
                    "zone": local_times.zone_name(),
                }
            }
        )


def reservation_duration(minutes: int) -> None:
    """Minutes from now within the office's policy."""
    most = settings.HOLD_MINUTES_MAX
    if not 1 <= minutes <= most:
        raise messages.invalid(
            {"reservation_duration": _("Enter 1 to %(most)s minutes from now.") % {"most": most}}
        )
