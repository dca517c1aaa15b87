"""Every outcome in staff language: what happened, is my hold safe, what now."""

from dashboard.holds.words.causes import (
    HAPPENED,
    of_call,
    outcome_of,
)
from dashboard.holds.words.refusals import (
    VERBS,
    being_asked,
    being_changed,
    being_settled,
    changed_meanwhile,
    has_ended,
    how_long,
    invalid,
    lost,
    no_room,
    not_confirmed,
    not_yours,
    offer_retake,
    ran_out,
    same_time,
    would_shorten,
)
from dashboard.holds.words.safety import (
    being_restored,
    nothing_held,
    perhaps_held,
    second_perhaps,
    still_yours,
)

__all__ = [
    "HAPPENED",
    "VERBS",
    "being_asked",
    "being_changed",
    "being_restored",
    "being_settled",
    "changed_meanwhile",
    "has_ended",
    "how_long",
    "invalid",
    "lost",
    "no_room",
    "not_confirmed",
    "not_yours",
    "nothing_held",
    "of_call",
    "offer_retake",
    "outcome_of",
    "perhaps_held",
    "ran_out",
    "same_time",
    "second_perhaps",
    "still_yours",
    "would_shorten",
]
