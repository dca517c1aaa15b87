"""Refusals by Holdfast itself: status, cause and texts of each row of the message table."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from dashboard.accounts.models import User
from dashboard.holds import messages, safety
from dashboard.holds.message_table import REFUSALS
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.localization import local_times
from tests.future_dates import named
from tests.holds.verbs import CONSULT, MONDAY

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
UID = "5f1c7a52-1111-4222-8333-444455556666"
BELONGS_TO_STAFF = "This hold belongs to staff."
ASK_STAFF = "Ask staff or an Admin to do it."
DECIDING = "staff is deciding on this offer right now."
OPEN_AGAIN = "Wait a few seconds and open the offer again."
NOT_FOR_DR_X = "You may not hold for Dr X."
PAUSED = "Dr X is paused and takes no new holds."
CHOOSE_OR_ASK = "Choose another event type, or ask an Admin."
ALL_BOOKED = "All seats are booked at cal.com, perhaps one by your client."
BOOKED = "The time is booked at cal.com, perhaps by your client."
NO_HOSTS_LEFT = "Holds of this time already: 2. Clients that its hosts can see: 2."
LEFT_ALONE = "The client may be left without an appointment."
HOSTS_USED_UP = "Other holds of this time need all hosts of this event type."
HOST_BUSY = "Dr X is held at this time already."
TWO_CLIENTS = "One person cannot see two clients at once."
EXTENDING = "staff is extending this hold right now."
OPEN_HOLD_AGAIN = "Wait a few seconds, open the hold again, then decide."
NOTHING_YET = "Nothing was held or changed yet."
NOT_OFFERED = "cal.com does not offer this time."
AS_ENTERED = "This cannot be done as entered."
FIX_FIELDS = "Fix the highlighted fields and try again."
HOLD_AGAIN = "Hold the time again if the client still wants it."
NOT_STARTED = "Your change was not started."
NOTHING_CHANGED = "Nothing was changed."
ENDED_AS_BOOKED = "The hold has ended as booked."
NOTHING_HELD = "This hold keeps no time any more."
NOTHING_SENT = "Nothing was changed, neither here nor at cal.com."
OFFER_ANOTHER = "Tell the client and offer another time."
POSSIBLY_HELD = "The time may be held at cal.com, until 14:00:00 (Europe/Rome) at the latest."
UNCHANGED = f"The hold is unchanged: {named(0)} 10:00–11:00 is held until 14:15:00 (Europe/Rome)."
WHO_BOOKED = "See at cal.com who booked it. If it was someone else, offer another time."
VERIFY = "Verify it with cal.com, then decide again."


@pytest.fixture(autouse=True)
def fixed_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


# Row of the table: cause in the audit, HTTP status, what happened, is my hold safe, what now.
EXPECTED = {
    "our_rule": ("our_rule", 422, AS_ENTERED, NOTHING_SENT, FIX_FIELDS),
    "same_time": ("our_rule", 422, AS_ENTERED, NOTHING_SENT, FIX_FIELDS),
    "how_long": ("our_rule", 422, AS_ENTERED, NOTHING_SENT, FIX_FIELDS),
    "would_shorten": ("our_rule", 422, AS_ENTERED, NOTHING_SENT, FIX_FIELDS),
    "no_offer": ("our_rule", 422, AS_ENTERED, NOTHING_SENT, FIX_FIELDS),
    "not_yours": ("not_yours", 403, BELONGS_TO_STAFF, NOTHING_CHANGED, ASK_STAFF),
    "admins_only": (
        "admins_only",
        403,
        "Only Admins may do this.",
        NOTHING_CHANGED,
        "Ask an Admin.",
    ),
    "not_your_calendar": ("not_your_calendar", 403, NOT_FOR_DR_X, NOTHING_CHANGED, "Ask an Admin."),
    "calendar_paused": ("calendar_paused", 409, PAUSED, NOTHING_CHANGED, CHOOSE_OR_ASK),
    "being_changed": ("being_changed", 409, EXTENDING, NOT_STARTED, OPEN_HOLD_AGAIN),
    "being_restored": (
        "being_restored",
        409,
        "An earlier change of this hold was interrupted and is being finished.",
        NOT_STARTED,
        "Wait until this page says that it is settled, then try again.",
    ),
    "being_asked": (
        "being_asked",
        409,
        "staff is asking cal.com for this time right now.",
        "Nothing was changed, neither here nor at cal.com.",
        "Wait a few seconds and try again, or choose another time.",
    ),
    "being_decided": ("being_decided", 409, DECIDING, NOT_STARTED, OPEN_AGAIN),
    "took_too_long": (
        "took_too_long",
        503,
        "This took too long and was stopped.",
        "Holdfast is checking the result with cal.com.",
        "Wait until this page says that it is settled.",
    ),
    "no_time": (
        "no_time",
        503,
        "The earlier ones took too long, so this one was not started.",
        UNCHANGED,
        "Try again.",
    ),
    "rate_limited": (
        "rate_limited",
        503,
        "Too few requests to cal.com are left for this at the moment.",
        UNCHANGED,
        "Try again in 42 seconds.",
    ),
    "changed_meanwhile": (
        "changed_meanwhile",
        409,
        "The hold was changed after you opened this page.",
        UNCHANGED,
        "See how it is now, then decide again.",
    ),
    "changed_outside": (
        "changed_outside",
        409,
        "At cal.com this hold differs from what is shown here.",
        "Nothing was released.",
        VERIFY,
    ),
    "has_ended": (
        "has_ended",
        409,
        "This hold has already ended: released.",
        NOTHING_CHANGED,
        HOLD_AGAIN,
    ),
    "not_lost": (
        "not_lost",
        409,
        "Only a lost, gone or released hold can be put aside; this one is held.",
        NOTHING_CHANGED,
        "Open the hold to see what can be done.",
    ),
    "ran_out": (
        "has_ended",
        409,
        "This reservation ran out at Mon 23 Nov 14:00:00 (Europe/Rome).",
        NOTHING_CHANGED,
        HOLD_AGAIN,
    ),
    "not_confirmed": (
        "not_confirmed",
        409,
        "cal.com never confirmed this hold, so it cannot be verified or changed.",
        POSSIBLY_HELD,
        "Wait until it is certain, or look the reservation up if you know its uid.",
    ),
    "unreadable_change": (
        "not_confirmed",
        409,
        "The record of an earlier change cannot be read.",
        POSSIBLY_HELD,
        VERIFY,
    ),
    "offer_is_full": (
        "offer_is_full",
        409,
        "This offer already has 5 times, the maximum.",
        NOTHING_SENT,
        "Release one of them first.",
    ),
    "not_in_offer": (
        "not_in_offer",
        409,
        "This hold is not part of the offer.",
        NOTHING_CHANGED,
        "Open the offer again, then decide.",
    ),
    "retake_needed": (
        "retake_needed",
        409,
        "cal.com does not let this hold be changed while it lasts.",
        UNCHANGED,
        (
            "You may release it and take it again at once. In between someone else can take the "
            "time; then it is lost."
        ),
    ),
    "lost": (
        "lost",
        409,
        "The hold is lost: it was released to be taken again, and cal.com refused.",
        NOTHING_HELD,
        "The time may still be free: try to hold it again at once.",
    ),
    "lost_already_reserved": (
        "lost",
        409,
        "The hold is lost: during the change the time was reserved at cal.com.",
        NOTHING_HELD,
        OFFER_ANOTHER,
    ),
    "not_offered": ("not_offered", 409, NOT_OFFERED, NOTHING_YET, LEFT_ALONE),
    "more_than_hosts": ("more_than_hosts", 409, NO_HOSTS_LEFT, NOTHING_YET, LEFT_ALONE),
    "host_busy": ("host_busy", 409, HOST_BUSY, NOTHING_YET, TWO_CLIENTS),
    "hosts_used_up": ("host_busy", 409, HOSTS_USED_UP, NOTHING_YET, LEFT_ALONE),
    "lost_already_booked": ("booked", 409, BOOKED, ENDED_AS_BOOKED, WHO_BOOKED),
    "lost_no_seats": ("booked", 409, ALL_BOOKED, ENDED_AS_BOOKED, WHO_BOOKED),
}


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


def refusals(user: User) -> dict[str, HoldError]:
    """Return an error for each row of the table."""
    held = hold(user)
    extending = hold(user, claim_by=user, claim_verb="extend")
    unconfirmed = {"state": Hold.State.UNCONFIRMED, "latest_end": NOW}
    unchanged, until = safety.still_yours(held, NOW), held.held_until
    plain = ["same_time", "how_long", "not_lost", "not_yours", "being_restored", "took_too_long"]
    plain += ["changed_outside", "not_in_offer", "not_your_calendar", "calendar_paused"]
    plain += ["admins_only"]
    return {row: messages.refusal(row, hold=held, calendar="Dr X") for row in plain} | {
        "our_rule": messages.invalid("slot_start", "no"),
        "would_shorten": messages.refusal("would_shorten", hold=held, field="until", until=until),
        "no_offer": messages.refusal("no_offer"),
        "not_offered": messages.refusal("not_offered"),
        "more_than_hosts": messages.refusal("more_than_hosts", count=2, hosts=2),
        "host_busy": messages.refusal("host_busy", host="Dr X"),
        "hosts_used_up": messages.refusal("hosts_used_up"),
        "being_changed": messages.refusal("being_changed", hold=extending),
        "being_asked": messages.being_asked(extending),
        "being_decided": messages.refusal("being_decided", hold=extending),
        "no_time": messages.refusal("no_time", hold=held, safe=unchanged),
        "rate_limited": messages.refusal("rate_limited", hold=held, safe=unchanged, wait=42),
        "changed_meanwhile": messages.changed_meanwhile(held, NOW),
        "has_ended": messages.refusal("has_ended", hold=hold(user, state=Hold.State.RELEASED)),
        "ran_out": messages.refusal("ran_out", until=NOW - timedelta(days=1)),
        "not_confirmed": messages.not_confirmed(hold(user, **unconfirmed, reservation_uid=None)),
        "unreadable_change": messages.not_confirmed(hold(user, **unconfirmed)),
        "offer_is_full": messages.refusal("offer_is_full", most=5),
        "retake_needed": messages.refusal("retake_needed", hold=held, safe=unchanged),
        "lost": messages.lost(held, "not_sent"),
        "lost_already_reserved": messages.lost(held, "already_reserved"),
        "lost_already_booked": messages.lost(held, "already_booked", "its own words"),
        "lost_no_seats": messages.lost(held, "no_seats"),
    }


def test_texts_of_every_row(staff: User) -> None:
    errors = refusals(staff)
    assert set(errors) == set(REFUSALS)
    assert {
        row: (error.cause, error.status, error.happened, error.safe, error.what_now)
        for row, error in errors.items()
    } == EXPECTED


def test_texts_beside_form_fields(staff: User) -> None:
    assert {row: error.fields for row, error in refusals(staff).items() if error.fields} == {
        "our_rule": {"slot_start": "no"},
        "same_time": {"slot_start": "The hold already has this time. Extend it to keep it longer."},
        "how_long": {"reservation_duration": "Enter the minutes from now."},
        "would_shorten": {
            "until": (
                "The hold already stands until 14:15:00 (Europe/Rome); this would shorten it."
            )
        },
        "no_offer": {"offer": "This offer does not exist, or none of its times was ever held."},
        "not_your_calendar": {"event_type_id": NOT_FOR_DR_X},
        "calendar_paused": {"event_type_id": PAUSED},
    }


def test_every_text_is_translated(staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.translation._trans.gettext", lambda text: f"«{text}»")
    monkeypatch.setattr("django.utils.translation._trans.ngettext", lambda one, *_n: f"«{one}»")
    # Later tests would read the cached dates.
    monkeypatch.setattr(local_times, "format_date", local_times.format_date.__wrapped__)

    with translation.override("eo"):
        problems = refusals(staff).values()

    texts = [text for one in problems for text in (one.happened, one.safe, one.what_now)]
    assert [text for text in texts if not text.startswith("«")] == []


def test_texts_do_not_contain_the_uid(staff: User) -> None:
    errors = refusals(staff).values()
    assert [error for error in errors if UID in f"{error}{error!r}"] == []
