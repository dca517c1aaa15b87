"""Sentences for flash messages, and the words for moments and reasons in them."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_lazy as _lazy, ngettext

from dashboard.calcom_state import event_types
from dashboard.holds import offers
from dashboard.holds.checks import CheckResult, Comparison
from dashboard.holds.in_turn import ChangeResult
from dashboard.holds.message_table import CALLS
from dashboard.holds.models import Hold
from dashboard.localization import local_times
from dashboard.pages.forms import RELEASE_REASONS

# By the code that is stored with an ended hold.
END_REASONS: dict[str, Any] = {
    **{str(cause): message.happened for cause, message in CALLS.items()},
    "offer_decided": _lazy("the client chose another time of the offer."),
    "replaced": _lazy("replaced by another reservation."),
    "not_retaken": _lazy("it was released to be taken again, and that was interrupted."),
    **dict(RELEASE_REASONS),
    "": "",
}


def end_reason(hold: Hold) -> str:
    """Return why a hold ended, in words; "" where its state says it, or without words."""
    return "" if hold.is_booked_by_staff else str(END_REASONS.get(hold.end_reason, ""))


def released(hold: Hold) -> str:
    """Return what a release did."""
    if hold.state == Hold.State.BOOKED:
        return _("Booked: cal.com no longer keeps this hold.")
    if hold.state == Hold.State.RELEASED:
        return _("Released: cal.com no longer keeps this hold.")
    return _("cal.com no longer had this hold: there was nothing to release.")


def released_slot(hold: Hold) -> str:
    """Return which slot a release was of, what it did and a way back: its row is gone by then."""
    again = reverse("place", query={"again": hold.pk})
    done = about(hold, released(hold))
    line = format_html('{} <a href="{}">{}</a>', done, again, _("Hold again"))
    return format_html("{} {}", line, rest) if (rest := other_times(hold)) else line


def about(hold: Hold, said: str) -> str:
    """Return a sentence with the slot it is about: on the board there are many."""
    return f"{_slot(hold)} · {said}"


def other_times(hold: Hold) -> str:
    """Return which times of an offer stand although one is booked; "" without any."""
    if hold.state != Hold.State.BOOKED or hold.offer_id is None:
        return ""
    count = offers.open_holds_of(hold.offer_id).count()
    text = ngettext(
        "%(count)s other time is still held for this client.",
        "%(count)s other times are still held for this client.",
        count,
    )
    url = reverse("offer", args=[hold.offer_id])
    said = text % {"count": count}
    return format_html('{} <a href="{}">{}</a>', said, url, _("Show")) if count else ""


def held_until(hold: Hold) -> str:
    """Return which slot is held until when; "" where the end is not known."""
    if hold.held_until is None:
        return ""
    return _("%(slot)s is held until %(until)s (%(zone)s).") % {
        "slot": local_times.slot(hold.slot_start, hold.slot_end),
        "until": local_times.when(hold.held_until),
        "zone": local_times.zone_name(),
    }


def held_longer(result: ChangeResult) -> str:
    """Return until when one of several holds that were extended stands."""
    zone = local_times.zone_name()
    return f"{capfirst(_until(result.hold))} ({zone})."


def extend_summary(rows: Sequence[ChangeResult]) -> str:
    """Return how many of several holds were extended, in one sentence."""
    done = sum(row.error is None for row in rows)
    summary = ngettext(
        "Extended: %(done)s of %(count)s hold.",
        "Extended: %(done)s of %(count)s holds.",
        len(rows),
    )
    return summary % {"done": done, "count": len(rows)}


def client_changed(hold: Hold) -> str:
    """Return for which slot the client's data were saved."""
    return _("Saved: %(name)s.") % {"name": _slot(hold)}


def taken_over(hold: Hold) -> str:
    """Return until when the hold stands that a person has taken over."""
    return _("You hold it now: %(held)s") % {"held": held_until(hold)}


def check_result(result: CheckResult) -> str:
    """Return what a check found, or why nothing."""
    if result.error is not None:
        return f"{result.error.happened} {result.error.safe}"
    match result.comparison:
        case Comparison.SAME:
            return _(
                "cal.com confirms it: %(held)s It does not say whether the time was booked"
                " meanwhile."
            ) % {"held": held_until(result.hold)}
        case Comparison.MOVED:
            change = difference(result.before or result.hold, result.hold)
            sentence = _("cal.com has other values, which Holdfast has taken over: %(change)s")
            return sentence % {"change": change}
        case Comparison.GONE:
            return _("cal.com no longer has this hold, although it was not due to end yet.")
        case Comparison.EXPIRED:
            return _("This hold has run out.")
        case Comparison.CHANGED:
            return _("The hold was changed meanwhile. Verify it again.")
    return ""


def difference(before: Hold, after: Hold) -> str:
    """Return what differs between two readings of a hold, each as "old → new"."""
    pairs = [(_slot(before), _slot(after)), (_until(before), _until(after))]
    if before.event_type_id != after.event_type_id:
        pairs.insert(0, (_event_type(before), _event_type(after)))
    parts = [old if old == new else f"{old} → {new}" for old, new in pairs]
    return f"{', '.join(part for part in parts if part)} ({local_times.zone_name()})."


def check_summary(rows: Sequence[CheckResult]) -> str:
    """Return what several checks found, in one sentence."""
    same = sum(row.comparison is Comparison.SAME for row in rows)
    summary = ngettext(
        "cal.com has %(same)s of %(count)s hold as it stands here.",
        "cal.com has %(same)s of %(count)s holds as they stand here.",
        len(rows),
    )
    return summary % {"same": same, "count": len(rows)}


def _slot(hold: Hold) -> str:
    return local_times.slot(hold.slot_start, hold.slot_end)


def _event_type(hold: Hold) -> str:
    return event_types.title_or_number(hold.event_type_id, hold.event_type_title)


def _until(hold: Hold) -> str:
    if hold.held_until is None:
        return ""
    return _("held until %(until)s") % {"until": local_times.when(hold.held_until)}
