"""Sentences that answer "is my hold safe?": what is reserved at cal.com, as far as is known."""

from datetime import datetime

from django.utils.translation import gettext as _

from dashboard.holds.change import Change
from dashboard.holds.models import Hold
from dashboard.holds.states import State
from dashboard.localization import local_times


def nothing_held() -> str:
    return _("No time was held, and nothing was changed.")


def unconfirmed(hold: Hold) -> str:
    """Describe a hold that cal.com never confirmed."""
    zone = local_times.zone_name()
    if hold.unanswered_since is not None:
        return _(
            "The time may be held at cal.com. Until when is not known before cal.com answers: it "
            "has answered no request since %(since)s (%(zone)s)."
        ) % {"since": local_times.when(hold.unanswered_since), "zone": zone}
    if hold.latest_end is None:
        return _("It is being placed.")
    words = _("The time may be held at cal.com, until %(until)s (%(zone)s) at the latest.")
    return words % {"until": local_times.when(hold.latest_end), "zone": zone}


def second_possibly_held(latest_end: datetime | None) -> str:
    """Describe an unconfirmed reservation that was to replace the hold."""
    if latest_end is None:
        return _(
            "A second reservation may stand at cal.com beside it. Until when is not known before "
            "cal.com answers."
        )
    return _(
        "A second reservation may stand at cal.com beside it, until %(until)s (%(zone)s) at "
        "the latest."
    ) % {"until": local_times.when(latest_end), "zone": local_times.zone_name()}


def still_yours(hold: Hold, cal_now: datetime) -> str:
    """Describe a hold that was left as it was. ``cal_now`` is the time on cal.com's clock."""
    if hold.state == State.UNCONFIRMED:
        return unconfirmed(hold)
    if hold.held_until is None or not hold.is_live(cal_now):
        return _("This hold is no longer live.")
    return _("The hold is unchanged: %(slot)s is held until %(until)s (%(zone)s).") % {
        "slot": local_times.slot(hold.slot_start, hold.slot_end, cal_now),
        "until": local_times.when(hold.held_until, cal_now),
        "zone": local_times.zone_name(),
    }


def not_confirmed_yet(hold: Hold, change: Change, cal_now: datetime) -> str:
    """Describe a change with an open end, and when it will be known if cal.com has answered."""
    slot = local_times.slot(hold.slot_start, hold.slot_end)
    zone = local_times.zone_name()
    if not change.is_answered or change.settled_by <= cal_now:
        return _(
            "Not confirmed yet. Holdfast keeps checking %(slot)s with cal.com, which has given no "
            "answer about it since %(since)s (%(zone)s)."
        ) % {"slot": slot, "since": local_times.when(change.unanswered_since), "zone": zone}
    return _(
        "Not confirmed yet. Holdfast keeps checking %(slot)s with cal.com and expects to know "
        "by %(until)s (%(zone)s)."
    ) % {"until": local_times.when(change.settled_by), "slot": slot, "zone": zone}
