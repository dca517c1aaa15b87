"""Fields of one entry as label and value, for its own page."""

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

# Columns shown without further formatting, in reading order.
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
class EntryField:
    """Label and formatted value."""

    label: str
    value: str


def entry_fields(entry: AuditEntry) -> Iterator[EntryField]:
    """Yield every column except the three with JSON; empty columns in one field at the end."""
    utc = entry.at.astimezone(UTC).isoformat(timespec="milliseconds")
    yield EntryField(_("When"), f"{values.full_time(entry.at)} · {utc}")
    yield EntryField(_("Who"), actor_with_username(entry))
    done = action_labels.action_phrase(entry.action, action_labels.Outcome.OK, _("a hold"))
    yield EntryField(_("Action"), done)
    yield EntryField(_("Kind"), entry.get_kind_display())
    yield EntryField(_("Outcome"), entry.get_outcome_display() or values.NOTHING)
    empty = []
    for column, label in COLUMNS:
        value = getattr(entry, column)
        if value in (None, ""):
            empty.append(str(label))
        else:
            yield EntryField(str(label), values.display(column, value))
    if empty:
        yield EntryField(_("Empty"), ", ".join(empty))


def request_fields(entries: Sequence[AuditEntry]) -> list[EntryField]:
    """Return what was asked for, merged from all entries of one action."""
    asked = merge(entry.asked for entry in entries)
    return [
        EntryField(values.label(key), values.display(key, asked[key]))
        for key in values.in_order(asked)
    ]


def differences(entries: Sequence[AuditEntry]) -> list[values.Difference]:
    """Return the values before and after, merged from all entries of one action."""
    before = merge(entry.before for entry in entries)
    after = merge(entry.after for entry in entries)
    return list(values.differences(before, after))


def merge(columns: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Merge JSON columns; later entries win."""
    return {key: value for column in columns for key, value in column.items()}


def actor_with_username(entry: AuditEntry) -> str:
    """Return the stored name, and the present user name in brackets if it differs."""
    name = action_labels.actor_label(entry, viewer=None)
    if entry.actor is None or entry.actor.get_username() == name:
        return name
    return f"{name} ({entry.actor.get_username()})"
