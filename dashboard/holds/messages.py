"""Errors of verbs in the reader's language and zone, from the rows of ``message_table``."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _, gettext_lazy as _lazy

from dashboard.audit.trail import Outcome
from dashboard.calcom import CalcomError, Cause, EventTypeKind, Unavailable
from dashboard.calcom.cleansing import cleanse
from dashboard.calcom_state.rate_and_clock import DEFAULT_WAIT
from dashboard.holds.message_table import (
    CALLS,
    EVENT_TYPE_IS_GONE,
    NO_HOST_FREE,
    OFFERED_LENGTHS,
    ONE_HOLD_A_TIME,
    REFUSALS,
    UNANSWERED,
    broken_rule,
)
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError, Message, Text
from dashboard.holds.safety import still_yours, unconfirmed
from dashboard.holds.states import State
from dashboard.holds.steps import outcome_of
from dashboard.localization import local_times

# Continues a sentence that begins with the person or with "Holdfast", by verb of the claim.
VERBS: dict[str, Text] = {
    "check": _lazy("is deciding on an offer with this hold"),
    "place": _lazy("is placing this hold"),
    "extend": _lazy("is extending this hold"),
    "move": _lazy("is moving this hold"),
    "release": _lazy("is releasing this hold"),
    "settle": _lazy("is finishing an interrupted change of this hold"),
}
CHANGING = _lazy("is changing this hold")  # of a verb that is not known here
TRY_AGAIN = _lazy("Nothing was changed. Try again in a moment; if it goes on, tell the operator.")
# Names of fields at cal.com and in forms.
FORM_FIELDS = {
    "eventTypeId": "event_type_id",
    "slotStart": "slot_start",
    "slotDuration": "slot_duration",
    "reservationDuration": "reservation_duration",
}


class NotFresh(NamedTuple):
    """Tell why a list of cal.com is not fresh and what to do; ``passes`` if it ends by itself."""

    happened: str
    what_now: str
    passes: bool


def refusal(
    cause: str,
    *,
    hold: Hold | None = None,
    safe: str | None = None,
    field: str = "",
    details: str = "",
    others: Iterable[Hold] = (),
    wait: int | None = None,
    **values: object,
) -> HoldError:
    """Return the error of a refusal by Holdfast itself.

    ``cause`` is a key of REFUSALS. ``safe`` and ``field`` replace those of the row. ``values`` are
    raw, see ``fill``. Raises ValueError where the row leaves ``safe`` to the caller and it is
    missing.
    """
    row = REFUSALS[cause]
    if safe is None and not row.safe:
        raise ValueError(f"{cause}: say whether the hold is safe")
    return error_from(
        replace(row, cause=row.cause or cause, field=field or row.field),
        hold=hold,
        safe=safe,
        values={"seconds": wait, **values},
        details=details,
        others=tuple(others),
        wait=wait,
    )


def call_failed(
    error: CalcomError,
    *,
    safe: str,
    hold: Hold | None = None,
    others: Iterable[Hold] = (),
    kind: str = "",
    extends: bool = False,
) -> HoldError:
    """Return the error of a verb whose call failed. ``safe`` says whether the hold is safe.

    ``kind`` is that of the event type that was asked for, if known.
    """
    row = CALLS[error.cause]
    if error.cause is Cause.UNKNOWN_EVENT_TYPE and extends:
        row = EVENT_TYPE_IS_GONE
    if error.cause is Cause.NO_HOSTS and error.exchange.status == 422:
        row = NO_HOST_FREE
    if error.cause is Cause.ALREADY_RESERVED and kind == EventTypeKind.SEATED:
        row = ONE_HOLD_A_TIME
    if isinstance(error, Unavailable) and row.outcome is Outcome.UNKNOWN:
        row = replace(row, what_now=CALLS[Cause.NOT_SENT].what_now)  # a GET without an answer
    lengths = ", ".join(re.findall(r"\d+", error.message))
    if error.cause is Cause.WRONG_DURATION and lengths:
        row = replace(row, what_now=OFFERED_LENGTHS)
    status = f"HTTP {error.exchange.status}" if error.exchange.status else ""
    sentences = (error.message, *(text for one in error.fields for text in one.messages))
    details = (*dict.fromkeys(sentences), error.code, status, error.exchange.request_id)
    return error_from(
        replace(row, outcome=outcome_of(error), cause=error.cause),
        hold=hold,
        safe=safe,
        fields=field_messages(error, row),
        values={"seconds": error.retry_after or DEFAULT_WAIT, "lengths": lengths},
        details=" · ".join(filter(None, details)),
        others=tuple(others),
        wait=error.retry_after,
    )


def not_fresh(cause: str) -> NotFresh:
    """Return the words for a cause of ``calcom_state.shared_answers.LastAnswer``."""
    try_again = _("Try again in a moment, or enter the time manually.")
    if cause == "no_room":
        happened = _(
            "cal.com was not asked: the remaining requests are reserved for holding times."
        )
        return NotFresh(happened, try_again, passes=True)
    if cause == "under_way":
        return NotFresh(_("cal.com has not answered yet."), try_again, passes=True)
    message = CALLS.get(cause, UNANSWERED)  # of another release, it has no row here
    if cause in {Cause.UNKNOWN_EVENT_TYPE, Cause.KEY_REJECTED, Cause.WRONG_ROUTE}:
        return NotFresh(str(message.happened), str(message.what_now), passes=False)
    passes = message.outcome is not Outcome.REFUSED
    return NotFresh(str(message.happened), try_again, passes=passes)


def invalid(field: str, beside: Text, *, hold: Hold | None = None, **values: object) -> HoldError:
    """Return the refusal of input that breaks a rule, with a message beside the form field.

    ``values`` are raw, see ``fill``.
    """
    return error_from(broken_rule(field, beside), hold=hold, safe=None, values=values)


def being_asked(other: Hold) -> HoldError:
    """Return the refusal of a time that overlaps one being requested from cal.com."""
    return refusal("being_asked", others=(other,), who=other.claim_by or "Holdfast")


def changed_meanwhile(hold: Hold, cal_now: datetime) -> HoldError:
    """Return the refusal from a page older than the hold; of one that has ended it says how."""
    if hold.state == State.EXPIRED and hold.held_until is not None:
        return refusal("ran_out", hold=hold, until=hold.held_until)
    if hold.has_ended:
        return refusal("has_ended", hold=hold)
    return refusal("changed_meanwhile", hold=hold, safe=still_yours(hold, cal_now))


def not_confirmed(hold: Hold) -> HoldError:
    """Return the refusal of a change to a hold that is being placed or unconfirmed."""
    row = "not_confirmed" if hold.reservation_uid is None else "unreadable_change"
    return refusal(row, hold=hold, safe=unconfirmed(hold))


def lost(hold: Hold, cause: str, details: str = "") -> HoldError:
    """Return the error of a hold that is lost or booked. ``cause`` is that of the call."""
    row = f"lost_{cause}"
    return refusal(row if row in REFUSALS else "lost", hold=hold, details=details)


def unreadable_change() -> str:
    """Return what happened to a hold whose interrupted change cannot be read."""
    return str(REFUSALS["unreadable_change"].happened)


def fill(text: Text, hold: Hold | None, values: Mapping[str, object]) -> str:
    """Return the text in the current language, with moments in the current zone.

    ``holder``, ``state``, ``who`` and what they do come from the hold. A value that depends on the
    language or the zone is a function.
    """
    shown: dict[str, object] = {"zone": local_times.zone_name()}
    if hold is not None:
        shown["holder"] = hold.holder
        shown["state"] = hold.state_label
        shown["who"] = hold.claim_by or "Holdfast"
        shown["does"] = VERBS.get(hold.claim_verb, CHANGING)
    for name, value in values.items():
        if callable(value):
            shown[name] = value()
        else:
            shown[name] = local_times.when(value) if isinstance(value, datetime) else value
    return text % shown


def error_from(
    row: Message,
    *,
    hold: Hold | None,
    safe: str | None,
    values: Mapping[str, object],
    fields: Mapping[str, str] | None = None,
    **more: Any,
) -> HoldError:
    """Return the error of a row of the table; ``more`` are other fields of it.

    Without ``fields`` it has the message of the row beside the field of the row.
    """
    beside = row.beside or row.happened
    with translation.override(settings.LANGUAGE_CODE), timezone.override(local_times.office()):
        # A key may be typed into the wrong field.
        logged = cleanse(fill(beside, hold, values), (settings.CALCOM_API_KEY,))
    if fields is None:
        fields = {row.field: fill(beside, hold, values)} if row.field else {}
    return HoldError(
        happened=fill(row.happened, hold, values),
        safe=fill(row.safe, hold, values) if safe is None else safe,
        what_now=fill(row.what_now, hold, values),
        logged=logged,
        outcome=row.outcome,
        status=row.status,
        cause=row.cause,
        fields=dict(fields),
        hold=hold,
        **more,
    )


def field_messages(error: CalcomError, row: Message) -> dict[str, str]:
    """Return messages beside form fields: those that cal.com's validation names, and the row's.

    cal.com's own sentences are in English and for programmers; they are among the details.
    """
    named = (FORM_FIELDS.get(one.field) for one in error.fields)
    return {name: str(row.happened) for name in (*named, row.field) if name}
