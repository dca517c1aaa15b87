"""What we refuse ourselves, and how a change of a hold can end badly."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from dashboard.calcom import Cause
from dashboard.holds import local_times
from dashboard.holds.messages.causes import HAPPENED
from dashboard.holds.messages.logged import in_the_log_too
from dashboard.holds.messages.safety import perhaps_held, still_yours, unreadable_change
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError, Outcome, Problem

Text = str | Promise


@in_the_log_too
def invalid(fields: dict[str, str], *, hold: Hold | None = None, safe: str = "") -> HoldError:
    """Something asked for that our own rules refuse, beside its field."""
    return HoldError(
        Problem(
            happened=_("This cannot be done as entered."),
            safe=safe or _("Nothing was sent to cal.com, and nothing was changed."),
            what_now=_("Fix the highlighted fields and try again."),
        ),
        outcome=Outcome.REFUSED,
        status=422,
        cause="our_rule",
        fields=fields,
        hold=hold,
    )


@in_the_log_too
def not_yours(hold: Hold) -> HoldError:
    return HoldError(
        Problem(
            happened=_("This hold belongs to %(holder)s.") % {"holder": hold.holder},
            safe=_("Nothing was changed."),
            what_now=_("Ask %(holder)s or an admin to do it.") % {"holder": hold.holder},
        ),
        outcome=Outcome.REFUSED,
        status=403,
        cause="not_yours",
        hold=hold,
    )


VERBS: dict[str, Text] = {
    "check": _lazy("is deciding on an offer with this hold"),
    "place": _lazy("is placing this hold"),
    "extend": _lazy("is extending this hold"),
    "move": _lazy("is moving this hold"),
    "release": _lazy("is releasing this hold"),
    "settle": _lazy("is finishing an interrupted change of this hold"),
}


@in_the_log_too
def being_changed(hold: Hold) -> HoldError:
    """Somebody else is at work on the hold."""
    return _conflict(
        _("%(who)s %(does)s right now.")
        % {
            "who": hold.claim_by or "Holdfast",
            "does": VERBS.get(hold.claim_verb, _("is changing this hold")),
        },
        _("Your change was not started."),
        _("Wait a few seconds, open the hold again, then decide."),
        cause="being_changed",
        hold=hold,
    )


@in_the_log_too
def being_settled(hold: Hold) -> HoldError:
    """A change of the hold was broken off and is not at rest yet."""
    return _conflict(
        _("An earlier change of this hold was interrupted and is being finished."),
        _("Your change was not started."),
        _("Wait until this page says that it is settled, then try again."),
        cause="being_restored",
        hold=hold,
    )


@in_the_log_too
def took_too_long(hold: Hold) -> HoldError:
    """The verb lost its claim on the way: what came of it is found out by settling."""
    return HoldError(
        Problem(
            happened=_("This took too long and was stopped."),
            safe=_("Holdfast is checking the result with cal.com."),
            what_now=_("Wait until this page says that it is settled."),
        ),
        outcome=Outcome.UNKNOWN,
        status=503,
        cause="took_too_long",
        hold=hold,
    )


@in_the_log_too
def changed_meanwhile(hold: Hold, at: datetime) -> HoldError:
    """The page was older than the hold."""
    return _conflict(
        _("The hold was changed after you opened this page."),
        still_yours(hold, at),
        _("See how it is now, then decide again."),
        cause="changed_meanwhile",
        hold=hold,
    )


@in_the_log_too
def being_asked(other: Hold) -> HoldError:
    """Somebody else is asking cal.com for an overlapping time at this moment."""
    error = _conflict(
        _("%(who)s is asking cal.com for this time right now.")
        % {"who": other.claim_by or "Holdfast"},
        _("Nothing was sent to cal.com for you, and nothing was changed."),
        _("Wait a few seconds and try again, or choose another time."),
        cause="being_asked",
    )
    error.problem = replace(error.problem, others=(other,))
    return error


@in_the_log_too
def has_ended(hold: Hold) -> HoldError:
    return _conflict(
        _("This hold has already ended: %(state)s.") % {"state": hold.get_state_display()},
        _("Nothing was changed."),
        _("Hold the time again if the client still wants it."),
        cause="has_ended",
        hold=hold,
    )


@in_the_log_too
def ran_out(until: datetime) -> HoldError:
    return _conflict(
        _("This reservation ran out at %(until)s (%(zone)s).")
        % {"until": local_times.clock(until), "zone": local_times.zone_name()},
        _("Nothing was changed."),
        _("Hold the time again if the client still wants it."),
        cause="has_ended",
    )


@in_the_log_too
def not_confirmed(hold: Hold) -> HoldError:
    safe = perhaps_held(hold.latest_end) if hold.latest_end else _("It is being placed.")
    if hold.reservation_uid is not None:
        return _conflict(
            unreadable_change(),
            safe,
            _("Verify it with cal.com, then decide again."),
            cause="not_confirmed",
            hold=hold,
        )
    return _conflict(
        _("cal.com never confirmed this hold, so it cannot be verified or changed."),
        safe,
        _("Wait until it is certain, or look the reservation up if you know its uid."),
        cause="not_confirmed",
        hold=hold,
    )


@in_the_log_too
def would_shorten(hold: Hold, *, field: str = "reservation_duration") -> HoldError:
    until = local_times.clock(hold.held_until) if hold.held_until else ""
    return invalid(
        {
            field: _("The hold already stands until %(until)s (%(zone)s); this would shorten it.")
            % {"until": until, "zone": local_times.zone_name()}
        },
        hold=hold,
    )


@in_the_log_too
def no_room(hold: Hold | None, wait: int, *, safe: str) -> HoldError:
    """The known rate allowance does not cover what the verb may need."""
    return HoldError(
        Problem(
            happened=str(HAPPENED[Cause.RATE_LIMITED][0]),
            safe=safe,
            what_now=_("Try again in %(seconds)s seconds.") % {"seconds": wait},
            wait=wait,
        ),
        outcome=Outcome.UNAVAILABLE,
        status=503,
        cause=Cause.RATE_LIMITED,
        hold=hold,
    )


@in_the_log_too
def no_time(hold: Hold, at: datetime) -> HoldError:
    """One of several whose turn never came."""
    return HoldError(
        Problem(
            happened=_("The earlier ones took too long, so this one was not started."),
            safe=still_yours(hold, at),
            what_now=_("Try again."),
        ),
        outcome=Outcome.UNAVAILABLE,
        status=503,
        cause="no_time",
        hold=hold,
    )


@in_the_log_too
def same_time(hold: Hold) -> HoldError:
    return invalid(
        {"slot_start": _("The hold already has this time. Extend it to keep it longer.")},
        hold=hold,
    )


@in_the_log_too
def how_long(hold: Hold) -> HoldError:
    return invalid({"reservation_duration": _("Enter the minutes from now.")}, hold=hold)


@in_the_log_too
def offer_retake(hold: Hold, at: datetime) -> HoldError:
    """cal.com lets the hold neither be extended in place nor be parked."""
    error = _conflict(
        _("cal.com does not let this hold be changed while it lasts."),
        still_yours(hold, at),
        _(
            "You may release it and take it again at once. In between someone else can take the "
            "time; then it is lost."
        ),
        cause="retake_needed",
        hold=hold,
    )
    error.retake = True
    return error


@in_the_log_too
def no_offer() -> HoldError:
    return invalid({"offer": _("This offer does not exist, or none of its times was ever held.")})


@in_the_log_too
def offer_is_full(most: int) -> HoldError:
    return _conflict(
        _("This offer already has %(most)s times, the maximum.") % {"most": most},
        _("Nothing was sent to cal.com, and nothing was changed."),
        _("Release one of them first."),
        cause="offer_is_full",
    )


@in_the_log_too
def being_decided(hold: Hold) -> HoldError:
    """Somebody keeps one of the offer and is releasing the rest."""
    return _conflict(
        _("%(who)s is deciding on this offer right now.") % {"who": hold.claim_by or "Holdfast"},
        _("Your change was not started."),
        _("Wait a few seconds and open the offer again."),
        cause="being_decided",
        hold=hold,
    )


@in_the_log_too
def not_in_offer(hold: Hold) -> HoldError:
    return _conflict(
        _("This hold is not part of the offer."),
        _("Nothing was changed."),
        _("Open the offer again, then decide."),
        cause="not_in_offer",
        hold=hold,
    )


@in_the_log_too
def changed_outside(hold: Hold) -> HoldError:
    """A check before something else found it otherwise than the register has it."""
    return _conflict(
        _("This hold was changed outside Holdfast and differs from what is shown here."),
        _("Nothing was released."),
        _("Verify it with cal.com, then decide again."),
        cause="changed_outside",
        hold=hold,
    )


OFFER_ANOTHER = _lazy("Tell the client and offer another time.")
LOST: dict[str, tuple[Text, Text]] = {
    Cause.ALREADY_RESERVED: (
        _lazy("The hold is lost: someone else reserved the time while it was being changed."),
        OFFER_ANOTHER,
    ),
    Cause.ALREADY_BOOKED: (
        _lazy("The hold is lost: the time is booked at cal.com, perhaps since before this change."),
        OFFER_ANOTHER,
    ),
    Cause.NO_SEATS: (_lazy("The hold is lost: the last seat was taken."), OFFER_ANOTHER),
}
LOST_OTHERWISE = (
    _lazy("The hold is lost: it was released to be taken again, and cal.com refused."),
    _lazy("The time may still be free: try to hold it again at once."),
)


@in_the_log_too
def lost(hold: Hold, cause: str, details: str = "") -> HoldError:
    """Taken in the gap of a change that cal.com leaves no way to make safely."""
    happened, what_now = LOST.get(cause, LOST_OTHERWISE)
    error = _conflict(
        str(happened),
        _("Nothing is held for this client now."),
        str(what_now),
        cause="lost",
        hold=hold,
    )
    error.problem = replace(error.problem, details=details)
    return error


def _conflict(
    happened: str, safe: str, what_now: str, *, cause: str, hold: Hold | None = None
) -> HoldError:
    return HoldError(
        Problem(happened=happened, safe=safe, what_now=what_now),
        outcome=Outcome.REFUSED,
        status=409,
        cause=cause,
        hold=hold,
    )
