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
NOT_FOR_DR_X = "You may not hold for Dr X."
PAUSED = "Dr X is paused and takes no new holds."


@pytest.fixture(autouse=True)
def fixed_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


# The rows of the table by HTTP status, and the cause in the audit where it is not the row's name.
ROWS = {
    403: {"not_yours", "admins_only", "not_your_calendar"},
    409: {
        *("calendar_paused", "being_changed", "being_restored", "being_asked", "being_decided"),
        *("changed_meanwhile", "changed_outside", "has_ended", "ran_out", "not_lost"),
        *("not_confirmed", "unreadable_change", "offer_is_full", "not_in_offer", "retake_needed"),
        *("lost", "lost_already_reserved", "lost_already_booked", "lost_no_seats"),
        *("not_offered", "more_than_hosts", "host_busy", "hosts_used_up", "former_client_in_use"),
        "too_many_clients",
    },
    422: {"our_rule", "same_time", "how_long", "would_shorten", "no_offer", "longest"},
    503: {"took_too_long", "no_time", "rate_limited"},
}
CAUSES = {
    **dict.fromkeys(("same_time", "how_long", "would_shorten", "no_offer", "longest"), "our_rule"),
    **dict.fromkeys(("lost_already_booked", "lost_no_seats"), "booked"),
    "lost_already_reserved": "lost",
    "ran_out": "has_ended",
    "unreadable_change": "not_confirmed",
    "hosts_used_up": "host_busy",
    "former_client_in_use": "being_changed",
}
# Words of what happened, and of what to do now.
WORDS = {
    "our_rule": ("as entered", "highlighted"),
    "same_time": ("as entered", "highlighted"),
    "how_long": ("as entered", "highlighted"),
    "would_shorten": ("as entered", "highlighted"),
    "no_offer": ("as entered", "highlighted"),
    "longest": ("at most", "by less"),
    "not_yours": ("belongs to", "or an Admin"),
    "admins_only": ("Only Admins", "Ask an Admin"),
    "not_your_calendar": ("may not hold", "Ask an Admin"),
    "calendar_paused": ("paused", "another event type"),
    "not_offered": ("does not offer", "without an appointment"),
    "more_than_hosts": ("its hosts", "without an appointment"),
    "host_busy": ("at this time already", "two clients"),
    "hosts_used_up": ("all hosts", "without an appointment"),
    "being_changed": ("is extending", "open the hold"),
    "former_client_in_use": ("once for this client", "erase again"),
    "being_restored": ("was interrupted", "settled, then"),
    "being_asked": ("is asking", "another time"),
    "being_decided": ("is deciding", "open the offer"),
    "took_too_long": ("was stopped", "it is settled."),
    "no_time": ("was not started", "Try again."),
    "rate_limited": ("Too few", "42 seconds"),
    "changed_meanwhile": ("after you opened", "how it is now"),
    "changed_outside": ("differs", "Verify it"),
    "has_ended": ("already ended", "Hold the time again"),
    "not_lost": ("put aside", "what can be done"),
    "ran_out": ("ran out", "Hold the time again"),
    "not_confirmed": ("never confirmed", "know its uid"),
    "unreadable_change": ("cannot be read", "Verify it"),
    "offer_is_full": ("the maximum", "Release one"),
    "too_many_clients": ("at most", "in the note"),
    "not_in_offer": ("not part of", "Open the offer"),
    "retake_needed": ("while it lasts", "release it and take it again"),
    "lost": ("cal.com refused", "at once"),
    "lost_already_reserved": ("was reserved", "offer another time"),
    "lost_already_booked": ("is booked", "who booked it"),
    "lost_no_seats": ("All seats", "who booked it"),
}
# Texts with values of the hold, or about its safety, and the rows that have them.
TEXTS = {
    "This hold belongs to staff.": {"not_yours"},
    "Ask staff or an Admin to do it.": {"not_yours"},
    NOT_FOR_DR_X: {"not_your_calendar"},
    PAUSED: {"calendar_paused"},
    "Holds of this time already: 2. Clients that its hosts can see: 2.": {"more_than_hosts"},
    "Dr X is held at this time already.": {"host_busy"},
    "staff is extending this hold right now.": {"being_changed"},
    "staff is asking cal.com for this time right now.": {"being_asked"},
    "staff is deciding on this offer right now.": {"being_decided"},
    "Try again in 42 seconds.": {"rate_limited"},
    "This hold has already ended: released.": {"has_ended"},
    "Only a lost, gone or released hold can be put aside; this one is held.": {"not_lost"},
    "This reservation ran out (14:00:00, Europe/Rome).": {"ran_out"},
    "This offer already has 5 times, the maximum.": {"offer_is_full"},
    "The client of a hold can be changed 50 times at most.": {"too_many_clients"},
    "The time may be held at cal.com, until 14:00:00 (Europe/Rome) at the latest.": {
        *("not_confirmed", "unreadable_change"),
    },
    f"The hold is unchanged: {named(0)} 10:00–11:00 is held until 14:15:00 (Europe/Rome).": {
        *("no_time", "rate_limited", "changed_meanwhile", "retake_needed", "longest"),
    },
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
    plain += ["admins_only", "former_client_in_use"]
    return {row: messages.refusal(row, hold=held, calendar="Dr X") for row in plain} | {
        "our_rule": messages.invalid("slot_start", "no"),
        "would_shorten": messages.refusal("would_shorten", hold=held, field="until", until=until),
        "no_offer": messages.refusal("no_offer"),
        "longest": messages.refusal("longest", hold=held, safe=unchanged, most=120),
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
        "ran_out": messages.refusal("ran_out", until=NOW),
        "not_confirmed": messages.not_confirmed(hold(user, **unconfirmed, reservation_uid=None)),
        "unreadable_change": messages.not_confirmed(hold(user, **unconfirmed)),
        "offer_is_full": messages.refusal("offer_is_full", most=5),
        "too_many_clients": messages.refusal("too_many_clients", most=50),
        "retake_needed": messages.refusal("retake_needed", hold=held, safe=unchanged),
        "lost": messages.lost(held, "not_sent"),
        "lost_already_reserved": messages.lost(held, "already_reserved"),
        "lost_already_booked": messages.lost(held, "already_booked", "its own words"),
        "lost_no_seats": messages.lost(held, "no_seats"),
    }


def texts_of(error: HoldError) -> tuple[str, str, str]:
    return error.happened, error.safe, error.what_now


def test_status_and_cause_of_every_row(staff: User) -> None:
    errors = refusals(staff)
    assert set(errors) == set(WORDS) == set(REFUSALS)
    statuses = {row: status for status, rows in ROWS.items() for row in rows}
    assert {row: (error.status, error.cause) for row, error in errors.items()} == {
        row: (status, CAUSES.get(row, row)) for row, status in statuses.items()
    }


def test_texts_have_the_values_of_the_hold(staff: User) -> None:
    told = {row: texts_of(error) for row, error in refusals(staff).items()}
    assert {text: {row for row in told if text in told[row]} for text in TEXTS} == TEXTS
    assert [row for row, texts in told.items() if "" in texts or "%(" in str(texts)] == []
    said = {row: (happened, what_now) for row, (happened, _safe, what_now) in told.items()}
    assert [row for row in said if not all(map(str.__contains__, said[row], WORDS[row]))] == []


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

    texts = [text for one in problems for text in texts_of(one)]
    assert [text for text in texts if not text.startswith("«")] == []


def test_texts_do_not_contain_the_uid(staff: User) -> None:
    errors = refusals(staff).values()
    assert [error for error in errors if UID in f"{error}{error!r}"] == []
