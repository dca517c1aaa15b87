"""One entry in full, as label and value, for its own page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from dashboard.audit import values, words
from dashboard.audit.models import AuditEntry

# The columns that stand as they are, in the order of reading.
COLUMNS: tuple[tuple[str, str | Promise], ...] = (
    ("action_id", _lazy("Number of the action")),
    ("reason", _lazy("Reason")),
    ("method", _lazy("Next call to cal.com")),
    ("path", _lazy("Its address")),
    ("answered_method", _lazy("Call that it reports on")),
    ("answered_path", _lazy("Its address")),
    ("status", _lazy("HTTP status")),
    ("error_code", _lazy("Error code")),
    ("message", _lazy("Message")),
    ("milliseconds", _lazy("Milliseconds")),
    ("upstream_request_id", _lazy("Request number at cal.com")),
    ("address", _lazy("Client address")),
    ("user_agent", _lazy("Browser")),
    ("request_id", _lazy("Request number")),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value, ready to be shown."""

    label: str
    value: str


def of(entry: AuditEntry) -> Iterator[Fact]:
    """Every column but the three that hold JSON."""
    utc = entry.at.astimezone(UTC).isoformat(timespec="milliseconds")
    yield Fact(_("When"), f"{values.exact(entry.at)} · {utc}")
    yield Fact(_("Who"), _person(entry))
    yield Fact(_("Action"), words.did(entry.action, words.Outcome.OK, _("a hold")))
    yield Fact(_("Kind"), entry.get_kind_display())
    yield Fact(_("Outcome"), entry.get_outcome_display() or values.NOTHING)
    for column, label in COLUMNS:
        value = getattr(entry, column)
        yield Fact(str(label), values.NOTHING if value in (None, "") else str(value))


def asked(entry: AuditEntry) -> list[Fact]:
    """What was asked for."""
    return [
        Fact(values.label(key), values.shown(key, entry.asked[key]))
        for key in values.in_order(entry.asked)
    ]


def differences(entry: AuditEntry) -> list[values.Difference]:
    """Before and after."""
    return list(values.differences(entry.before, entry.after))


def _person(entry: AuditEntry) -> str:
    """The name as it was, and the user name as it is, should the two differ."""
    said = words.who(entry, viewer=None)
    if entry.actor is None or entry.actor.get_username() == said:
        return said
    return f"{said} ({entry.actor.get_username()})"
