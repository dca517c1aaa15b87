"""Sentences for flash messages, and the words for moments and reasons in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from dashboard.holds.checks import CheckResult, Finding
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


def end_reason(code: str) -> str:
    """Return why a hold ended, in words; "" for a code without words."""
    return str(END_REASONS.get(code, ""))


def held_until(hold: Hold) -> str:
    """Return which slot is held until when; "" where the end is not known."""
    if hold.held_until is None:
        return ""
    return _("%(slot)s is held until %(until)s (%(zone)s).") % {
        "slot": local_times.slot(hold.slot_start, hold.slot_end),
        "until": local_times.when(hold.held_until),
        "zone": local_times.zone_name(),
    }


def check_result(result: CheckResult) -> str:
    """Return what a check found; "" where it found nothing."""
    held = held_until(result.hold)
    sentences = {
        Finding.SAME: _("cal.com confirms it: %(held)s") % {"held": held},
        Finding.MOVED: _("It was changed outside Holdfast and now reads as at cal.com: %(held)s")
        % {"held": held},
        Finding.GONE: _("cal.com no longer has this hold, although it was not due to end yet."),
        Finding.EXPIRED: _("This hold has run out."),
        Finding.CHANGED: _("The hold was changed during the check. Check it again."),
    }
    return sentences[result.finding] if result.finding else ""


def check_results(rows: Iterable[CheckResult]) -> list[str]:
    """Return what several checks found: one sentence for all unchanged holds, one for each other.

    Without any row the sentence says that no hold was chosen.
    """
    rows = list(rows)
    unchanged = Counter(row.finding for row in rows)[Finding.SAME]
    sentences = []
    if not rows:
        sentences.append(_("No hold was chosen."))
    elif unchanged:
        confirmed = ngettext(
            "cal.com still has %(count)s hold as it stands here.",
            "cal.com still has %(count)s holds as they stand here.",
            unchanged,
        )
        sentences.append(confirmed % {"count": unchanged})
    for row in rows:
        slot = local_times.slot(row.hold.slot_start, row.hold.slot_end)
        if row.error is not None:
            problem = row.error.problem
            sentences.append(f"{slot}: {problem.happened} {problem.safe}")
        elif row.finding not in (None, Finding.SAME):
            sentences.append(f"{slot}: {check_result(row)}")
    return sentences
