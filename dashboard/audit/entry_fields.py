"""One entry in full, as label and value, for its own page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from dashboard.audit import action_labels, values
from dashboard.audit.models import AuditEntry

# The columns that stand as they are, in the order of reading.
COLUMNS: tuple[tuple[str, str | Promise], ...] = (
    ("action_id", _lazy("Action number")),
    ("reason", _lazy("Reason")),
    ("method", _lazy("Next call")),
    ("path", _lazy("Next address")),
    ("answered_method", _lazy("Answered call")),
    ("answered_path", _lazy("Answered at")),
    ("status", _lazy("HTTP status")),
    ("error_code", _lazy("Error code")),
    ("message", _lazy("Message")),
    ("milliseconds", _lazy("Milliseconds")),
    ("upstream_request_id", _lazy("Number at cal.com")),
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
    """Every column but the three that hold JSON; those without a value are named together."""
    utc = entry.at.astimezone(UTC).isoformat(timespec="milliseconds")
    yield Fact(_("When"), f"{values.exact(entry.at)} · {utc}")
    yield Fact(_("Who"), _person(entry))
    yield Fact(_("Action"), action_labels.did(entry.action, action_labels.Outcome.OK, _("a hold")))
    yield Fact(_("Kind"), entry.get_kind_display())
    yield Fact(_("Outcome"), entry.get_outcome_display() or values.NOTHING)
    told = {column: getattr(entry, column) for column, _label in COLUMNS}
    yield from (
        Fact(str(label), values.shown(column, told[column]))
        for column, label in COLUMNS
        if told[column] not in (None, "")
    )
    if nothing := [str(label) for column, label in COLUMNS if told[column] in (None, "")]:
        yield Fact(_("Empty"), ", ".join(nothing))


def asked(entries: Sequence[AuditEntry]) -> list[Fact]:
    """What was asked for, by all entries of one action."""
    wish = _merged(entry.asked for entry in entries)
    return [Fact(values.label(key), values.shown(key, wish[key])) for key in values.in_order(wish)]


def differences(entries: Sequence[AuditEntry]) -> list[values.Difference]:
    """Before and after, as all entries of one action tell it together."""
    before = _merged(entry.before for entry in entries)
    after = _merged(entry.after for entry in entries)
    return list(values.differences(before, after))


def _merged(told: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {key: value for each in told for key, value in each.items()}


def _person(entry: AuditEntry) -> str:
    """The name as it was, and the user name as it is, should the two differ."""
    said = action_labels.who(entry, viewer=None)
    if entry.actor is None or entry.actor.get_username() == said:
        return said
    return f"{said} ({entry.actor.get_username()})"
