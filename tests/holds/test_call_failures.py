"""Failed calls to cal.com: kind of error, status, form field and texts of each cause."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from dashboard.accounts.models import User
from dashboard.audit.trail import Outcome
from dashboard.calcom import CalcomError, Cause, Exchange, Refused, Unavailable, Unknown
from dashboard.calcom.errors import FieldError, kind_of
from dashboard.holds import messages, safety
from dashboard.holds.message_table import CALLS
from dashboard.holds.models import Hold
from tests.holds.verbs import ALL

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
TRY_AGAIN = "Try again in a moment; if it goes on, tell the operator."
OTHER_TIME = "Choose another time."

# Of a call that writes: kind of error, HTTP status, form field.
EXPECTED: dict[Cause, tuple[type[CalcomError], int, str | None]] = {
    Cause.NOT_RELATED: (Refused, 422, "event_type_id"),
    Cause.UNKNOWN_EVENT_TYPE: (Refused, 422, "event_type_id"),
    Cause.UNKNOWN_RESERVATION: (Refused, 409, None),
    Cause.ALREADY_RESERVED: (Refused, 409, None),
    Cause.ALREADY_BOOKED: (Refused, 409, None),
    Cause.NO_SEATS: (Refused, 409, None),
    Cause.NO_HOSTS: (Refused, 422, "event_type_id"),
    Cause.WRONG_DURATION: (Refused, 422, "slot_duration"),
    Cause.INVALID: (Refused, 422, None),
    Cause.OTHER_REFUSAL: (Refused, 422, None),
    Cause.KEY_REJECTED: (Unavailable, 503, None),
    Cause.RATE_LIMITED: (Unavailable, 503, None),
    Cause.WRONG_ROUTE: (Unavailable, 503, None),
    Cause.NOT_SENT: (Unavailable, 503, None),
    Cause.UNANSWERED: (Unknown, 503, None),
    Cause.SERVER_FAULT: (Unknown, 503, None),
    Cause.NOT_JSON: (Unknown, 503, None),
    Cause.UNKNOWN_SHAPE: (Unknown, 503, None),
}
# Words of what happened, and of what to do now.
WORDS = {
    Cause.NOT_RELATED: ("may not hold", "may not use it"),
    Cause.UNKNOWN_EVENT_TYPE: ("knows no event type", "Check the number"),
    Cause.UNKNOWN_RESERVATION: ("no longer has", "Hold the time again"),
    Cause.ALREADY_RESERVED: ("already reserved", "another time"),
    Cause.ALREADY_BOOKED: ("already booked", "another time"),
    Cause.NO_SEATS: ("no seats", "another time"),
    Cause.NO_HOSTS: ("no hosts", "who manages"),
    Cause.WRONG_DURATION: ("this length", "only one"),
    Cause.INVALID: ("did not accept what", "highlighted"),
    Cause.OTHER_REFUSAL: ("unknown reason", "details below"),
    Cause.KEY_REJECTED: ("the key", "expired or revoked"),
    Cause.RATE_LIMITED: ("no more requests", "seconds"),
    Cause.WRONG_ROUTE: ("the address", "or the version"),
    Cause.NOT_SENT: ("cannot be reached", "if it goes on"),
    Cause.UNANSWERED: ("did not answer", "by itself"),
    Cause.SERVER_FAULT: ("with an error", "by itself"),
    Cause.NOT_JSON: ("could not be read", "by itself"),
    Cause.UNKNOWN_SHAPE: ("unknown format", "by itself"),
}
OUTCOMES = {
    Refused: Outcome.REFUSED,
    Unavailable: Outcome.UNAVAILABLE,
    Unknown: Outcome.UNKNOWN,
}


def failed(cause: Cause, *, writes: bool = True, status: int | None = 400, **more: object):
    """Return the error of a POST, or of a GET where it does not write."""
    exchange = Exchange(
        method="POST" if writes else "GET",
        path=ALL,
        sent_at=NOW,
        received_at=NOW,
        milliseconds=9,
        status=status,
        request_id="req-1",
    )
    words = {"message": "its own words"} | more
    return kind_of(cause, writes=writes)(cause, exchange, **words)


def test_every_cause_has_a_row() -> None:
    assert set(EXPECTED) == set(Cause) == set(CALLS)


@pytest.mark.parametrize("cause", Cause)
def test_failed_write(cause: Cause) -> None:
    kind, status, field = EXPECTED[cause]

    error = messages.call_failed(failed(cause), safe=safety.nothing_held())

    assert isinstance(failed(cause), kind)
    assert WORDS[cause][0] in error.happened
    assert WORDS[cause][1] in error.what_now
    assert error.safe == "No time was held, and nothing was changed."
    assert error.details == "its own words · HTTP 400 · req-1"
    assert (error.status, error.outcome, error.cause) == (status, OUTCOMES[kind], cause)
    assert error.fields == ({field: error.happened} if field else {})


@pytest.mark.parametrize("cause", Cause)
def test_failed_read_changed_nothing(cause: Cause) -> None:
    read, written = (
        messages.call_failed(failed(cause, writes=writes), safe="as before")
        for writes in (False, True)
    )

    is_unknown = EXPECTED[cause][0] is Unknown
    assert read.outcome is (Outcome.UNAVAILABLE if is_unknown else written.outcome)
    assert read.what_now == (TRY_AGAIN if is_unknown else written.what_now)


def test_blocked_key_says_for_how_long() -> None:
    blocked = messages.call_failed(failed(Cause.RATE_LIMITED, retry_after=42), safe="")
    unsaid = messages.call_failed(failed(Cause.RATE_LIMITED), safe="")

    told = [blocked.what_now, unsaid.what_now]
    assert told == ["Try again in 42 seconds.", "Try again in 60 seconds."]


def test_no_free_host_is_a_conflict_about_the_time() -> None:
    error = messages.call_failed(failed(Cause.NO_HOSTS, status=422), safe="")

    assert (error.happened, error.what_now, error.status, error.fields) == (
        "None of the hosts of this event type is free at this time.",
        OTHER_TIME,
        409,
        {},
    )


def test_fields_that_cal_com_names_are_marked_in_own_words() -> None:
    fields = (
        FieldError("slotStart", ("slotStart must be a valid ISO 8601 date string",)),
        FieldError("reservationDuration", ("must be a number", "must be small")),
        FieldError("elsewhere", ("is no form field",)),
    )

    error = messages.call_failed(failed(Cause.INVALID, fields=fields), safe="")

    assert error.fields == dict.fromkeys(("slot_start", "reservation_duration"), error.happened)
    assert error.details == (
        "its own words · slotStart must be a valid ISO 8601 date string · must be a number"
        " · must be small · is no form field · HTTP 400 · req-1"
    )


def test_lengths_that_are_offered_are_told_in_own_words() -> None:
    refused = failed(Cause.WRONG_DURATION, message="The possible lengths … are: 15, 30, 180")

    error = messages.call_failed(refused, safe="")

    assert error.what_now == "Choose a length that the event type offers: 15, 30, 180 minutes."
    assert error.fields == {"slot_duration": error.happened}


def test_words_of_a_refusal_are_beside_no_field_that_it_does_not_name() -> None:
    error = failed(Cause.INVALID)
    error.message = "the row was updated by another request"
    assert messages.call_failed(error, safe="").fields == {}


def test_every_text_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    marked = "django.utils.translation._trans"
    monkeypatch.setattr(f"{marked}.gettext", lambda text: f"«{text}»")
    monkeypatch.setattr(f"{marked}.ngettext", lambda _one, more, _number: f"«{more}»")

    with translation.override("eo"):
        problems = [
            messages.call_failed(failed(cause), safe=safety.nothing_held()) for cause in Cause
        ]

    texts = [text for one in problems for text in (one.happened, one.safe, one.what_now)]
    assert [text for text in texts if not text.startswith("«")] == []


def test_texts_do_not_contain_the_uid() -> None:
    uid = "5f1c7a52-1111-4222-8333-444455556666"
    hold = Hold(pk=7, holder=User(username="staff"), reservation_uid=uid)
    errors = [messages.call_failed(failed(cause), safe="", hold=hold) for cause in Cause]
    assert [error for error in errors if uid in f"{error}{error!r}"] == []
