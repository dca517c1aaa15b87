"""Every outcome in staff language: what happened, is my hold safe, what now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from dashboard.calcom import CalcomError, Cause, Refused, Unavailable
from dashboard.holds import moments
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError, Outcome, Problem

Text = str | Promise

# What happened, and what now, for each cause of calcom/errors.py.
HAPPENED: dict[Cause, tuple[Text, Text]] = {
    Cause.NOT_RELATED: (
        _lazy("cal.com refuses: our key has no right to hold this event type."),
        _lazy("Choose another event type, or tell the operator that the key lacks this one."),
    ),
    Cause.UNKNOWN_EVENT_TYPE: (
        _lazy("cal.com knows no event type with this number."),
        _lazy("Check the number, or choose another event type."),
    ),
    Cause.UNKNOWN_RESERVATION: (
        _lazy("cal.com no longer has this hold."),
        _lazy("Hold the time again if the client still wants it."),
    ),
    Cause.ALREADY_RESERVED: (
        _lazy("This time is already reserved by someone else."),
        _lazy("Choose another time."),
    ),
    Cause.ALREADY_BOOKED: (
        _lazy("This time is already booked at cal.com."),
        _lazy("Choose another time."),
    ),
    Cause.NO_SEATS: (
        _lazy("This time is full: no seats are left."),
        _lazy("Choose another time."),
    ),
    Cause.NO_HOSTS: (
        _lazy("Nobody hosts this event type at cal.com, so it cannot be held."),
        _lazy("Choose another event type, or tell whoever manages cal.com."),
    ),
    Cause.WRONG_DURATION: (
        _lazy("cal.com does not offer this length for the event type."),
        _lazy("Choose one of the lengths that the event type offers."),
    ),
    Cause.INVALID: (
        _lazy("cal.com did not accept what was sent."),
        _lazy("Correct what is marked and try again."),
    ),
    Cause.OTHER_REFUSAL: (
        _lazy("cal.com refused, for a reason that we do not know."),
        _lazy("Read the details below; try again, or tell the operator."),
    ),
    Cause.KEY_REJECTED: (
        _lazy("cal.com does not accept our key."),
        _lazy("Tell the operator: the cal.com key is wrong, expired or revoked."),
    ),
    Cause.RATE_LIMITED: (
        _lazy("We have asked cal.com too often in the last minute."),
        _lazy("Wait until the time named here has passed, then try again."),
    ),
    Cause.WRONG_ROUTE: (
        _lazy("cal.com does not know the address that we asked."),
        _lazy("Tell the operator: the address or the version of cal.com is wrong."),
    ),
    Cause.NOT_SENT: (
        _lazy("cal.com cannot be reached."),
        _lazy("Try again in a moment; if it goes on, tell the operator."),
    ),
    Cause.UNANSWERED: (
        _lazy("cal.com did not answer."),
        _lazy("Wait: this page will say when it is certain."),
    ),
    Cause.SERVER_FAULT: (
        _lazy("cal.com reported a fault of its own."),
        _lazy("Wait: this page will say when it is certain."),
    ),
    Cause.NOT_JSON: (
        _lazy("cal.com's answer could not be read."),
        _lazy("Wait: this page will say when it is certain."),
    ),
    Cause.UNKNOWN_SHAPE: (
        _lazy("cal.com's answer has a form that we do not know."),
        _lazy("Wait: this page will say when it is certain."),
    ),
}

TRY_AGAIN = _lazy("Nothing was changed. Try again in a moment; if it goes on, tell the operator.")

# The form field that a cause belongs beside.
FIELD: dict[Cause, str] = {
    Cause.NOT_RELATED: "event_type_id",
    Cause.UNKNOWN_EVENT_TYPE: "event_type_id",
    Cause.NO_HOSTS: "event_type_id",
    Cause.WRONG_DURATION: "slot_duration",
}

# cal.com's names of fields, and ours.
WIRE_FIELDS = {
    "eventTypeId": "event_type_id",
    "slotStart": "slot_start",
    "slotDuration": "slot_duration",
    "reservationDuration": "reservation_duration",
}

CONFLICTS = {
    Cause.ALREADY_RESERVED,
    Cause.ALREADY_BOOKED,
    Cause.NO_SEATS,
    Cause.UNKNOWN_RESERVATION,
}


def of_call(
    error: CalcomError, *, safe: str, hold: Hold | None = None, others: Iterable[Hold] = ()
) -> HoldError:
    """The error of a verb whose call failed. ``safe`` says what holds good now."""
    happened, what_now = HAPPENED[error.cause]
    if isinstance(error, Unavailable) and error.cause not in {
        Cause.KEY_REJECTED,
        Cause.RATE_LIMITED,
        Cause.WRONG_ROUTE,
        Cause.NOT_SENT,
    }:
        what_now = TRY_AGAIN  # a GET that brought nothing
    problem = Problem(
        happened=str(happened),
        safe=safe,
        what_now=str(what_now),
        details=_details(error),
        wait=error.retry_after,
        others=tuple(others),
    )
    return HoldError(
        problem,
        outcome=outcome_of(error),
        status=_status(error),
        cause=error.cause,
        fields=_fields(error, str(happened)),
        hold=hold,
    )


def outcome_of(error: CalcomError) -> Outcome:
    """What a failed call means for the audit."""
    if isinstance(error, Refused):
        return Outcome.REFUSED
    return Outcome.UNAVAILABLE if isinstance(error, Unavailable) else Outcome.UNKNOWN


def nothing_held() -> str:
    return _("No time is held, and nothing was changed.")


def perhaps_held(latest_end: datetime) -> str:
    return _("The time may be held at cal.com, until %(until)s (%(zone)s) at the latest.") % {
        "until": moments.clock(latest_end),
        "zone": moments.office().key,
    }


def second_perhaps(latest_end: datetime) -> str:
    return _(
        "A second reservation may stand at cal.com beside it, until %(until)s (%(zone)s) at "
        "the latest."
    ) % {"until": moments.clock(latest_end), "zone": moments.office().key}


def still_yours(hold: Hold, at: datetime) -> str:
    """Whether the hold stands as it did before."""
    if hold.held_until is None or not hold.is_live(at):
        return _("This hold is not live any more.")
    return _("The hold is unchanged: %(slot)s is held until %(until)s (%(zone)s).") % {
        "slot": moments.slot(hold.slot_start, hold.slot_end),
        "until": moments.clock(hold.held_until),
        "zone": moments.office().key,
    }


def being_restored(hold: Hold, settled_by: datetime) -> str:
    """A change whose end is open. ``settled_by``: when at the latest it will be certain."""
    return _(
        "Unknown until %(until)s (%(zone)s) at the latest. Holdfast goes on asking cal.com "
        "and brings the hold of %(slot)s to rest by itself."
    ) % {
        "until": moments.clock(settled_by),
        "slot": moments.slot(hold.slot_start, hold.slot_end),
        "zone": moments.office().key,
    }


def invalid(fields: dict[str, str], *, hold: Hold | None = None, safe: str = "") -> HoldError:
    """Something asked for that our own rules refuse, beside its field."""
    return HoldError(
        Problem(
            happened=_("This cannot be done as it was asked."),
            safe=safe or _("Nothing was sent to cal.com, and nothing was changed."),
            what_now=_("Correct what is marked and try again."),
        ),
        outcome=Outcome.REFUSED,
        status=422,
        cause="our_rule",
        fields=fields,
        hold=hold,
    )


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
    "place": _lazy("is placing this hold"),
    "extend": _lazy("is extending this hold"),
    "move": _lazy("is moving this hold"),
    "release": _lazy("is releasing this hold"),
    "settle": _lazy("is bringing this hold to rest"),
}


def being_changed(hold: Hold) -> HoldError:
    """Somebody else is at work on the hold."""
    return _conflict(
        _("%(who)s %(does)s at this moment.")
        % {
            "who": hold.claim_by or "Holdfast",
            "does": VERBS.get(hold.claim_verb, _("is changing this hold")),
        },
        _("Your own change was not begun."),
        _("Wait a few seconds, look at the hold again, and then decide."),
        cause="being_changed",
        hold=hold,
    )


def being_settled(hold: Hold) -> HoldError:
    """A change of the hold was broken off and is not at rest yet."""
    return _conflict(
        _("An earlier change of this hold was broken off and is being put right."),
        _("Your own change was not begun."),
        _("Wait until this page says that the hold is at rest, then try again."),
        cause="being_restored",
        hold=hold,
    )


def changed_meanwhile(hold: Hold, at: datetime) -> HoldError:
    """The page was older than the hold."""
    return _conflict(
        _("The hold was changed since your page was made."),
        still_yours(hold, at),
        _("Look at it as it is now, then decide again."),
        cause="changed_meanwhile",
        hold=hold,
    )


def being_asked(other: Hold) -> HoldError:
    """Somebody else is asking cal.com for an overlapping time at this moment."""
    error = _conflict(
        _("%(who)s is asking cal.com for this time at this moment.")
        % {"who": other.claim_by or "Holdfast"},
        _("Nothing was asked for you, and nothing was changed."),
        _("Wait a few seconds and try again, or choose another time."),
        cause="being_asked",
    )
    error.problem = replace(error.problem, others=(other,))
    return error


def has_ended(hold: Hold) -> HoldError:
    return _conflict(
        _("This hold has already ended: %(state)s.") % {"state": hold.get_state_display()},
        _("Nothing was changed."),
        _("Hold the time again if the client still wants it."),
        cause="has_ended",
        hold=hold,
    )


def ran_out(until: datetime) -> HoldError:
    return _conflict(
        _("This reservation ran out at %(until)s (%(zone)s).")
        % {"until": moments.clock(until), "zone": moments.office().key},
        _("Nothing was changed."),
        _("Hold the time again if the client still wants it."),
        cause="has_ended",
    )


def not_confirmed(hold: Hold) -> HoldError:
    safe = perhaps_held(hold.latest_end) if hold.latest_end else _("It is being placed.")
    return _conflict(
        _("cal.com never confirmed this hold, so there is nothing to ask about."),
        safe,
        _("Wait until it is certain, or look the reservation up if you know its uid."),
        cause="not_confirmed",
        hold=hold,
    )


def would_shorten(hold: Hold) -> HoldError:
    until = moments.clock(hold.held_until) if hold.held_until else ""
    return invalid(
        {
            "reservation_duration": _(
                "The hold already stands until %(until)s (%(zone)s); this would shorten it."
            )
            % {"until": until, "zone": moments.office().key}
        },
        hold=hold,
    )


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


def same_time(hold: Hold) -> HoldError:
    return invalid(
        {"slot_start": _("The hold is at this time already; extend it to keep it longer.")},
        hold=hold,
    )


def how_long(hold: Hold) -> HoldError:
    return invalid({"reservation_duration": _("Say for how many minutes from now.")}, hold=hold)


def offer_retake(hold: Hold, at: datetime) -> HoldError:
    """cal.com lets the hold neither be extended in place nor be parked."""
    error = _conflict(
        _("cal.com does not let this hold be changed while it lasts."),
        still_yours(hold, at),
        _(
            "You may release it and take it again at once. In between somebody else can take "
            "the time; then it is lost."
        ),
        cause="retake_needed",
        hold=hold,
    )
    error.retake = True
    return error


def lost(hold: Hold, cause: str, details: str = "") -> HoldError:
    """Taken in the gap of a change that cal.com leaves no way to make safely."""
    happened = {
        Cause.ALREADY_BOOKED: _(
            "The hold is lost: the time is booked at cal.com, perhaps since before this change."
        ),
        Cause.NO_SEATS: _("The hold is lost: the last seat was taken."),
    }.get(
        Cause(cause) if cause in set(Cause) else Cause.ALREADY_RESERVED,
        _("The hold is lost: someone else reserved the time while it was being changed."),
    )
    error = _conflict(
        happened,
        _("Nothing is held for this client any more."),
        _("Tell the client and offer another time."),
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


def _details(error: CalcomError) -> str:
    parts = [
        error.message,
        error.code,
        f"HTTP {error.exchange.status}" if error.exchange.status else "",
        error.exchange.request_id,
    ]
    return " · ".join(part for part in parts if part)


def _status(error: CalcomError) -> int:
    if not isinstance(error, Refused):
        return 503
    if error.cause in CONFLICTS:
        return 409
    return 422


def _fields(error: CalcomError, happened: str) -> dict[str, str]:
    fields = {
        WIRE_FIELDS[f.field]: " ".join(f.messages) for f in error.fields if f.field in WIRE_FIELDS
    }
    if error.cause in FIELD:
        fields.setdefault(FIELD[error.cause], error.message or happened)
    if error.cause is Cause.INVALID and not fields and "date" in error.message.lower():
        fields["slot_start"] = error.message
    return fields
