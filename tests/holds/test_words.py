"""Every outcome in staff language: what happened, is my hold safe, what now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from dashboard.accounts.models import User
from dashboard.calcom import CalcomError, Cause, Exchange, Refused, Unavailable, Unknown
from dashboard.calcom.errors import FieldError, kind_of
from dashboard.holds import local_times, messages
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError, Outcome
from tests.future_dates import named
from tests.holds.cast import ALL, CONSULT, MONDAY

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
UID = "5f1c7a52-1111-4222-8333-444455556666"
WAIT = "Wait: this page will tell when it is certain."
TRY = "Nothing was changed. Try again in a moment; if it goes on, tell the operator."
OTHER_TIME = "Choose another time."

# Cause of a write: kind, our status, the field beside which it stands, what happened, what now.
TABLE: dict[Cause, tuple[type[CalcomError], int, str | None, str, str]] = {
    Cause.NOT_RELATED: (
        Refused,
        422,
        "event_type_id",
        "cal.com refused: the key may not hold this event type.",
        "Choose another event type, or tell the operator that the key may not use this one.",
    ),
    Cause.UNKNOWN_EVENT_TYPE: (
        Refused,
        422,
        "event_type_id",
        "cal.com knows no event type with this number.",
        "Check the number, or choose another event type.",
    ),
    Cause.UNKNOWN_RESERVATION: (
        Refused,
        409,
        None,
        "cal.com no longer has this hold.",
        "Hold the time again if the client still wants it.",
    ),
    Cause.ALREADY_RESERVED: (
        Refused,
        409,
        None,
        "This time is already reserved by someone else.",
        OTHER_TIME,
    ),
    Cause.ALREADY_BOOKED: (
        Refused,
        409,
        None,
        "This time is already booked at cal.com.",
        OTHER_TIME,
    ),
    Cause.NO_SEATS: (Refused, 409, None, "This time is full: no seats are left.", OTHER_TIME),
    Cause.NO_HOSTS: (
        Refused,
        422,
        "event_type_id",
        "This event type has no hosts at cal.com, so it cannot be held.",
        "Choose another event type, or tell the person who manages cal.com.",
    ),
    Cause.WRONG_DURATION: (
        Refused,
        422,
        "slot_duration",
        "cal.com does not offer this length for the event type.",
        "Choose one of the lengths that the event type offers.",
    ),
    Cause.INVALID: (
        Refused,
        422,
        None,
        "cal.com did not accept what was sent.",
        "Fix the highlighted fields and try again.",
    ),
    Cause.OTHER_REFUSAL: (
        Refused,
        422,
        None,
        "cal.com refused for an unknown reason.",
        "Read the details below; try again, or tell the operator.",
    ),
    Cause.KEY_REJECTED: (
        Unavailable,
        503,
        None,
        "cal.com does not accept the key.",
        "Tell the operator: the cal.com key is wrong, expired or revoked.",
    ),
    Cause.RATE_LIMITED: (
        Unavailable,
        503,
        None,
        "cal.com allows no more requests for the moment.",
        "Wait for the time shown here, then try again.",
    ),
    Cause.WRONG_ROUTE: (
        Unavailable,
        503,
        None,
        "cal.com does not know the address that was asked.",
        "Tell the operator: the address or the version of cal.com is wrong.",
    ),
    Cause.NOT_SENT: (
        Unavailable,
        503,
        None,
        "cal.com cannot be reached.",
        "Try again in a moment; if it goes on, tell the operator.",
    ),
    Cause.UNANSWERED: (Unknown, 503, None, "cal.com did not answer.", WAIT),
    Cause.SERVER_FAULT: (Unknown, 503, None, "cal.com reported an internal error.", WAIT),
    Cause.NOT_JSON: (Unknown, 503, None, "cal.com's answer could not be read.", WAIT),
    Cause.UNKNOWN_SHAPE: (
        Unknown,
        503,
        None,
        "cal.com's answer has an unknown format.",
        WAIT,
    ),
}
OUTCOMES = {
    Refused: Outcome.REFUSED,
    Unavailable: Outcome.UNAVAILABLE,
    Unknown: Outcome.UNKNOWN,
}


def failed(cause: Cause, *, writes: bool = True, status: int | None = 400, **more: object):
    exchange = Exchange(
        method="POST" if writes else "GET",
        path=ALL,
        sent_at=NOW,
        received_at=NOW,
        milliseconds=9,
        status=status,
        request_id="req-1",
    )
    return kind_of(cause, writes=writes)(cause, exchange, message="its own words", **more)


def hold(user: User, **fields: object) -> Hold:
    given = {
        "pk": 7,
        "state": Hold.State.HELD,
        "holder": user,
        "event_type_id": CONSULT,
        "slot_start": MONDAY,
        "slot_end": MONDAY + timedelta(hours=1),
        "reservation_uid": UID,
        "held_until": NOW + timedelta(minutes=15),
    }
    return Hold(**given | fields)


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(Cause) == set(messages.HAPPENED)


@pytest.mark.parametrize("cause", Cause)
def test_a_write_that_failed(cause: Cause) -> None:
    kind, status, beside, happened, what_now = TABLE[cause]

    error = messages.of_call(failed(cause), safe=messages.nothing_held())

    problem = error.problem
    assert isinstance(failed(cause), kind)
    assert (problem.happened, problem.what_now) == (happened, what_now)
    assert problem.safe == "No time is held, and nothing was changed."
    assert problem.details == "its own words · HTTP 400 · req-1"
    assert (error.status, error.outcome, error.cause) == (status, OUTCOMES[kind], cause)
    # Only of lengths does cal.com say more than we do.
    said = "its own words" if cause is Cause.WRONG_DURATION else happened
    assert error.fields == ({beside: said} if beside else {})


@pytest.mark.parametrize("cause", Cause)
def test_a_look_that_failed_changed_nothing(cause: Cause) -> None:
    error = messages.of_call(failed(cause, writes=False), safe="as before")

    unanswered = cause in {
        Cause.UNANSWERED,
        Cause.SERVER_FAULT,
        Cause.NOT_JSON,
        Cause.UNKNOWN_SHAPE,
    }
    assert error.outcome is not Outcome.UNKNOWN
    assert error.problem.what_now == (TRY if unanswered else TABLE[cause][4])


def test_every_word_goes_through_the_translation(
    staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.translation._trans.gettext", lambda text: f"«{text}»")
    monkeypatch.setattr(
        local_times, "_day", local_times._day.__wrapped__
    )  # or later tests read these

    with translation.override("eo"):
        errors = [*of_ours(staff).values()]
        errors += [messages.of_call(failed(cause), safe=messages.nothing_held()) for cause in Cause]

    said = [(e.problem.happened, e.problem.safe, e.problem.what_now) for e in errors]
    assert [text for one in said for text in one if not text.startswith("«")] == []


def test_a_host_who_is_not_free_is_about_the_time() -> None:
    error = messages.of_call(failed(Cause.NO_HOSTS, status=422), safe="")

    assert (error.problem.happened, error.problem.what_now, error.status, error.fields) == (
        "None of the hosts of this event type is free at this time.",
        OTHER_TIME,
        409,
        {},
    )


def test_cal_coms_validation_stands_beside_our_fields() -> None:
    fields = (
        FieldError("slotStart", ("slotStart must be a valid ISO 8601 date string",)),
        FieldError("reservationDuration", ("must be a number", "must be small")),
        FieldError("elsewhere", ("is not ours",)),
    )

    error = messages.of_call(failed(Cause.INVALID, fields=fields), safe="")

    assert error.fields == {
        "slot_start": "slotStart must be a valid ISO 8601 date string",
        "reservation_duration": "must be a number must be small",
    }


def of_ours(user: User) -> dict[str, HoldError]:
    """Every refusal of our own, by cause."""
    held, at = hold(user), NOW
    changing = hold(user, claim_by=user, claim_verb="extend")
    asked = [
        messages.invalid({"slot_start": "no"}),
        messages.not_yours(held),
        messages.being_changed(changing),
        messages.being_settled(held),
        messages.changed_meanwhile(held, at),
        messages.being_asked(changing),
        messages.has_ended(hold(user, state=Hold.State.RELEASED)),
        messages.not_confirmed(
            hold(user, state=Hold.State.UNCONFIRMED, latest_end=NOW, reservation_uid=None)
        ),
        messages.no_room(held, 42, safe=messages.still_yours(held, at)),
        messages.offer_retake(held, at),
        messages.lost(held, "already_booked", "its own words"),
        messages.took_too_long(held),
    ]
    return {str(error.cause): error for error in asked}


UNCHANGED = f"The hold is unchanged: {named(0)} 10:00–11:00 is held until 14:15:00 (Europe/Rome)."
SENTENCES = {
    "our_rule": (
        422,
        "This cannot be done as entered.",
        "Nothing was sent to cal.com, and nothing was changed.",
        "Fix the highlighted fields and try again.",
    ),
    "not_yours": (
        403,
        "This hold belongs to staff.",
        "Nothing was changed.",
        "Ask staff or an admin to do it.",
    ),
    "being_changed": (
        409,
        "staff is extending this hold at this moment.",
        "Your change was not started.",
        "Wait a few seconds, open the hold again, then decide.",
    ),
    "being_restored": (
        409,
        "An earlier change of this hold was interrupted and is being finished.",
        "Your change was not started.",
        "Wait until this page says that it is settled, then try again.",
    ),
    "changed_meanwhile": (
        409,
        "The hold was changed after you opened this page.",
        UNCHANGED,
        "See how it is now, then decide again.",
    ),
    "being_asked": (
        409,
        "staff is asking cal.com for this time at this moment.",
        "Nothing was sent to cal.com for you, and nothing was changed.",
        "Wait a few seconds and try again, or choose another time.",
    ),
    "has_ended": (
        409,
        "This hold has already ended: released.",
        "Nothing was changed.",
        "Hold the time again if the client still wants it.",
    ),
    "not_confirmed": (
        409,
        "cal.com never confirmed this hold, so it cannot be verified or changed.",
        "The time may be held at cal.com, until 14:00:00 (Europe/Rome) at the latest.",
        "Wait until it is certain, or look the reservation up if you know its uid.",
    ),
    "rate_limited": (
        503,
        "cal.com allows no more requests for the moment.",
        UNCHANGED,
        "Try again in 42 seconds.",
    ),
    "retake_needed": (
        409,
        "cal.com does not let this hold be changed while it lasts.",
        UNCHANGED,
        (
            "You may release it and take it again at once. In between someone else can take the "
            "time; then it is lost."
        ),
    ),
    "lost": (
        409,
        "The hold is lost: the time is booked at cal.com, perhaps since before this change.",
        "Nothing is held for this client now.",
        "Tell the client and offer another time.",
    ),
    "took_too_long": (
        503,
        "This took too long and was stopped.",
        "Holdfast is checking the result with cal.com.",
        "Wait until this page says that it is settled.",
    ),
}


def test_what_we_refuse_ourselves(staff: User) -> None:
    told = {
        cause: (error.status, error.problem.happened, error.problem.safe, error.problem.what_now)
        for cause, error in of_ours(staff).items()
    }

    assert told == SENTENCES


@pytest.mark.parametrize(
    ("cause", "happened"),
    [
        (
            "already_reserved",
            "The hold is lost: someone else reserved the time while it was being changed.",
        ),
        (
            "already_booked",
            "The hold is lost: the time is booked at cal.com, perhaps since before this change.",
        ),
        ("no_seats", "The hold is lost: the last seat was taken."),
        ("not_sent", "The hold is lost: it was released to be taken again, and cal.com refused."),
        (
            "key_rejected",
            "The hold is lost: it was released to be taken again, and cal.com refused.",
        ),
    ],
)
def test_why_a_hold_was_lost(staff: User, cause: str, happened: str) -> None:
    assert messages.lost(hold(staff), cause).problem.happened == happened


def test_no_words_repeat_the_uid(staff: User) -> None:
    errors = [*of_ours(staff).values()]
    errors += [messages.of_call(failed(cause), safe="", hold=hold(staff)) for cause in Cause]

    assert [error for error in errors if UID in f"{error}{error!r}{error.problem!r}"] == []
