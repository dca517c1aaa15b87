"""What a failed call to cal.com means to staff: words, HTTP status and field for each cause."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _lazy

from dashboard.calcom import CalcomError, Cause, Refused, Unavailable
from dashboard.calcom.errors import IN_THE_DARK
from dashboard.holds.messages.logged import in_the_log_too
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError, Outcome, Problem

Text = str | Promise

# What happened, and what now, for each cause of calcom/errors.py.
HAPPENED: dict[Cause, tuple[Text, Text]] = {
    Cause.NOT_RELATED: (
        _lazy("cal.com refused: the key may not hold this event type."),
        _lazy("Choose another event type, or tell the operator that the key may not use this one."),
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
        _lazy("This event type has no hosts at cal.com, so it cannot be held."),
        _lazy("Choose another event type, or tell the person who manages cal.com."),
    ),
    Cause.WRONG_DURATION: (
        _lazy("cal.com does not offer this length for the event type."),
        _lazy("Choose one of the lengths that the event type offers."),
    ),
    Cause.INVALID: (
        _lazy("cal.com did not accept what was sent."),
        _lazy("Fix the highlighted fields and try again."),
    ),
    Cause.OTHER_REFUSAL: (
        _lazy("cal.com refused for an unknown reason."),
        _lazy("Read the details below; try again, or tell the operator."),
    ),
    Cause.KEY_REJECTED: (
        _lazy("cal.com does not accept the key."),
        _lazy("Tell the operator: the cal.com key is wrong, expired or revoked."),
    ),
    Cause.RATE_LIMITED: (
        _lazy("cal.com allows no more requests for the moment."),
        _lazy("Wait for the time shown here, then try again."),
    ),
    Cause.WRONG_ROUTE: (
        _lazy("cal.com does not know the address that was asked."),
        _lazy("Tell the operator: the address or the version of cal.com is wrong."),
    ),
    Cause.NOT_SENT: (
        _lazy("cal.com cannot be reached."),
        _lazy("Try again in a moment; if it goes on, tell the operator."),
    ),
    Cause.UNANSWERED: (
        _lazy("cal.com did not answer."),
        _lazy("Wait: this page will tell when it is certain."),
    ),
    Cause.SERVER_FAULT: (
        _lazy("cal.com reported an internal error."),
        _lazy("Wait: this page will tell when it is certain."),
    ),
    Cause.NOT_JSON: (
        _lazy("cal.com's answer could not be read."),
        _lazy("Wait: this page will tell when it is certain."),
    ),
    Cause.UNKNOWN_SHAPE: (
        _lazy("cal.com's answer has an unknown format."),
        _lazy("Wait: this page will tell when it is certain."),
    ),
}

NO_HOST_FREE: tuple[Text, Text] = (
    _lazy("None of the hosts of this event type is free at this time."),
    _lazy("Choose another time."),
)

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


@in_the_log_too
def of_call(
    error: CalcomError, *, safe: str, hold: Hold | None = None, others: Iterable[Hold] = ()
) -> HoldError:
    """The error of a verb whose call failed. ``safe`` says what holds good now."""
    happened, what_now = NO_HOST_FREE if _is_no_host_free(error) else HAPPENED[error.cause]
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


# Why free times are not fresh, beside the causes of calls: holds/free_times.py.
NOT_ASKED: dict[str, tuple[Text, Text]] = {
    "no_room": (
        _lazy("cal.com was not asked: the remaining requests are reserved for holding times."),
        _lazy("Try again in a moment, or enter the time manually."),
    ),
    "under_way": (
        _lazy("cal.com has not answered yet."),
        _lazy("Try again in a moment, or enter the time manually."),
    ),
}
LOOK_AGAIN = _lazy("Try again in a moment, or enter the time manually.")


def of_free_times(cause: str) -> tuple[str, str]:
    """What happened, and what now, where free times could not be read."""
    if cause in NOT_ASKED:
        happened, what_now = NOT_ASKED[cause]
        return str(happened), str(what_now)
    known = next(one for one in Cause if str(one) == cause)
    happened, what_now = HAPPENED[known]
    passing = known in IN_THE_DARK or known in {Cause.NOT_SENT, Cause.RATE_LIMITED}
    return str(happened), str(LOOK_AGAIN if passing else what_now)


def outcome_of(error: CalcomError) -> Outcome:
    """What a failed call means for the audit."""
    if isinstance(error, Refused):
        return Outcome.REFUSED
    return Outcome.UNAVAILABLE if isinstance(error, Unavailable) else Outcome.UNKNOWN


def _details(error: CalcomError) -> str:
    parts = [
        error.message,
        error.code,
        f"HTTP {error.exchange.status}" if error.exchange.status else "",
        error.exchange.request_id,
    ]
    return " · ".join(part for part in parts if part)


def _is_no_host_free(error: CalcomError) -> bool:
    """Whether there are hosts, and none of them has this time (a 422; without any it is a 400)."""
    return error.cause is Cause.NO_HOSTS and error.exchange.status == 422


def _status(error: CalcomError) -> int:
    if not isinstance(error, Refused):
        return 503
    if error.cause in CONFLICTS or _is_no_host_free(error):
        return 409
    return 422


def _fields(error: CalcomError, happened: str) -> dict[str, str]:
    fields = {
        WIRE_FIELDS[f.field]: " ".join(f.messages) for f in error.fields if f.field in WIRE_FIELDS
    }
    if error.cause in FIELD and not _is_no_host_free(error):
        # cal.com names the lengths that it offers; what else it says is no language for staff.
        says_more = error.cause is Cause.WRONG_DURATION and error.message
        fields.setdefault(FIELD[error.cause], error.message if says_more else happened)
    if error.cause is Cause.INVALID and not fields and "date" in error.message.lower():
        fields["slot_start"] = error.message
    return fields
