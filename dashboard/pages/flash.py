"""Short sentences on what was done, for the top of the next page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.holds import bulk_release, event_types, local_times, messages
from dashboard.holds.bulk_release import Ending
from dashboard.holds.changes import Spot, minutes_until
from dashboard.holds.checks import Checked, Finding, Row
from dashboard.holds.models import Hold
from dashboard.holds.offer_decision import Decision
from dashboard.holds.problems import HoldError
from dashboard.pages.forms import REASONS, ExtendForm

State = Hold.State


def finding(checked: Checked) -> str:
    """What a check found."""
    hold = checked.hold
    return {
        Finding.SAME: _("cal.com confirms it: %(held)s") % {"held": held_until(hold)},
        Finding.MOVED: _("It was changed outside Holdfast and now reads as at cal.com: %(held)s")
        % {"held": held_until(hold)},
        Finding.GONE: _("cal.com no longer has this hold, although it was not due to end yet."),
        Finding.EXPIRED: _("This hold has run out."),
        Finding.CHANGED: _("The hold was changed during the check. Check it again."),
    }[checked.finding]


def findings(results: Iterable[Row]) -> list[str]:
    """What several checks found: what is unusual hold by hold, what is as it should be in one."""
    results = list(results)
    lines = []
    for row in results:
        slot = local_times.slot(row.hold.slot_start, row.hold.slot_end)
        if row.error is not None:
            problem = row.error.problem
            lines.append(f"{slot}: {problem.happened} {problem.safe}")
        elif row.finding not in (None, Finding.SAME):
            lines.append(f"{slot}: {finding(Checked(row.hold, row.finding))}")
    same = Counter(row.finding for row in results)[Finding.SAME]
    if same or not results:
        lines.insert(0, _still_there(same))
    return lines


def _still_there(count: int) -> str:
    if not count:
        return _("No hold was chosen.")
    return ngettext(
        "cal.com still has %(count)s hold as it stands here.",
        "cal.com still has %(count)s holds as they stand here.",
        count,
    ) % {"count": count}


def held_until(hold: Hold) -> str:
    if hold.held_until is None:
        return ""
    return _("%(slot)s is held until %(until)s (%(zone)s).") % {
        "slot": local_times.slot(hold.slot_start, hold.slot_end),
        "until": local_times.clock(hold.held_until),
        "zone": local_times.zone_name(),
    }


def moved(hold: Hold) -> str:
    return _("Moved: %(held)s") % {"held": held_until(hold)}


def released(hold: Hold) -> str:
    if hold.state == State.RELEASED:
        return _("Released: the time is free again.")
    return _("cal.com no longer had this hold: there was nothing to release.")


def word_of_many(row: bulk_release.Row) -> str:
    """The same in a word."""
    words_of = {
        Ending.REFUSED: _("refused"),
        Ending.NOT_DONE: _("not done"),
        Ending.UNKNOWN: _("unknown"),
    }
    return words_of.get(row.ending) or _("done")


def of_many(row: bulk_release.Row) -> str:
    """What came of one of several."""
    done = {
        Ending.RELEASED: _("Released: the time is free again."),
        Ending.RELEASED_BEFORE: _("It was already released."),
        Ending.WAS_GONE: _("cal.com no longer had it: there was nothing to release."),
    }
    if row.error is None:
        return done[row.ending]
    problem = row.error.problem
    # What is not certain yet is told by the hold's own page, and by the board.
    what_now = "" if row.ending is Ending.UNKNOWN else problem.what_now
    sentences = (problem.happened, problem.safe, what_now)
    return " ".join(sentence for sentence in sentences if sentence)


def decided(decision: Decision) -> str:
    """That one was kept and all the others released."""
    count = len(decision.rows)
    rest = ngettext("%(count)s other released.", "%(count)s others released.", count)
    return _("Kept: %(held)s %(rest)s") % {
        "held": held_until(decision.kept),
        "rest": rest % {"count": count},
    }


def taken_over(hold: Hold) -> str:
    return _("You hold it now: %(held)s") % {"held": held_until(hold)}


def ended(hold: Hold) -> dict[str, str] | None:
    """When and why a hold ended, and what was noted."""
    if not hold.has_ended or hold.ended_at is None:
        return None
    said = _("%(state)s at %(when)s (%(zone)s)") % {
        "state": str(hold.get_state_display()).capitalize(),
        "when": " ".join(when(hold.ended_at)),
        "zone": local_times.zone_name(),
    }
    why = reason(hold.end_reason)
    return {"sentence": f"{said}: {why}" if why else f"{said}.", "note": hold.end_note}


def when(moment: datetime) -> tuple[str, str]:
    """Day and time to the second."""
    return local_times.day(moment), local_times.clock(moment)


def reason(code: str) -> str:
    """Why a hold ended, from the code that is kept of it; "" where there is nothing to say."""
    if code in (said := dict(REASONS)) and code:
        return str(said[code])
    if code in {str(cause) for cause in messages.HAPPENED}:
        return str(messages.HAPPENED[_cause(code)][0])
    return {
        "offer_decided": _("the client chose another time of the offer."),
        "replaced": _("replaced by another reservation."),
        "not_retaken": _("it was released to be taken again, and that was interrupted."),
    }.get(code, "")


def _cause(code: str) -> Any:
    """The cause of a stored code."""
    return next(cause for cause in messages.HAPPENED if str(cause) == code)


def target(hold: Hold, spot: Spot) -> dict[str, str]:
    """Where a move goes, to be looked at before it is agreed."""
    event_type = event_types.event_type(spot.event_type_id)
    known = hold.event_type_title if spot.event_type_id == hold.event_type_id else ""
    risk = ""
    if spot.event_type_id == hold.event_type_id and spot.overlaps(Spot.of(hold)):
        risk = _(
            "The two times overlap, so for a moment neither is reserved and someone else could "
            "take them. If the new time is refused, the hold goes back to the old one."
        )
    return {
        "day": local_times.day(spot.slot_start),
        "time": local_times.times(spot.slot_start, spot.slot_end),
        "event_type": event_types.title_of(event_type)
        or known
        or _("Event type %(id)s") % {"id": spot.event_type_id},
        "ends_text": local_times.clock(spot.until),
        "risk": risk,
    }


def nothing_there() -> dict[str, str]:
    return {
        "happened": _("cal.com has no reservation with this uid."),
        "safe": _("It may have run out or been released, or the uid is wrong."),
        "what_now": _("Check the uid, or hold the time again."),
    }


def retake_minutes(
    error: HoldError | None, hold: Hold, asked: ExtendForm, at: datetime
) -> int | None:
    """For how long a hold would be taken again, from what was asked."""
    if error is None or not error.retake:
        return None
    minutes: int | None = asked.cleaned_data["reservation_duration"]
    if minutes is not None:
        return minutes
    added = timedelta(minutes=asked.cleaned_data["add"] or 0)
    return minutes_until(asked.until_when(at) or max(hold.held_until or at, at) + added, at)
