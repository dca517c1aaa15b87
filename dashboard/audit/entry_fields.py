"""Fields of one entry as label and value, for its own page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import DatabaseError
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy as _lazy

from dashboard.audit import action_labels, formatting
from dashboard.audit.models import AuditEntry, AuditLink
from dashboard.localization import local_times

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
    ("address", _lazy("IP address")),
    ("user_agent", _lazy("Browser or command")),
    ("content_hash", _lazy("Content hash")),
    ("request_id", _lazy("Request number")),
)

SEARCHED = {"address": "address", "request_id": "request"}  # columns by the term that finds them


@dataclass(frozen=True, slots=True)
class EntryField:
    label: str
    value: str
    by_system: str = ""  # stands for the system, see ActorLabel
    find: str = ""  # a search for what else has this value
    is_english: bool = False  # in any language of the page


class ChangedValue(NamedTuple):
    label: str
    before: str
    after: str


def entry_fields(entry: AuditEntry, verdict: str) -> Iterator[EntryField]:
    """Yield every column that is not empty, except the three with JSON.

    ``verdict`` is how the action ended: of a refused one, no entry says that it was done.
    """
    yield EntryField(_("When"), f"{local_times.in_full(entry.at)} · {local_times.iso(entry.at)}")
    yield actor_field(entry)
    done = action_labels.action_phrase(entry.action, verdict)
    yield EntryField(_("Action"), done % {"it": _("a hold")})
    yield EntryField(_("Kind"), entry.get_kind_display())
    if entry.outcome:
        yield EntryField(_("Outcome"), entry.get_outcome_display())
    for column, label in COLUMNS:
        value = getattr(entry, column)
        if value not in (None, ""):
            find = f'{SEARCHED[column]}:"{value}"' if column in SEARCHED else ""
            shown = formatting.display(column, value)
            yield EntryField(str(label), shown, find=find, is_english=column == "message")


def link_fields(entry_id: int) -> Iterator[EntryField]:
    """Yield the place of an entry in the chain, by which exports and checkpoints name it."""
    links = AuditLink.objects.filter(entry_id=entry_id).values_list("position", "hash")
    try:
        found = links.first()
    except DatabaseError:  # SQLite stores what is no text in any column
        found = None
    position, link = found or (_("none that can be read"), "")
    yield EntryField(_("Position in the chain"), str(position))
    if link:
        yield EntryField(_("Link hash"), link)


def action_values(entries: Sequence[AuditEntry]) -> dict[str, Sequence[EntryField | ChangedValue]]:
    """Return what was asked for, what changed, and other values, merged from all its entries."""
    asked: dict[str, Any] = {}
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for entry in entries:
        asked |= entry.asked
        before |= entry.before
        after |= entry.after
    changes, others = [], before | after
    for key in formatting.sorted_keys(after):
        former, new = before.get(key), after[key]
        if key == "way" or former == new:
            continue
        del others[key]
        shown = ChangedValue(
            formatting.label(key), formatting.display(key, former), formatting.display(key, new)
        )
        if shown.before != shown.after:
            changes.append(shown)
    return {"asked": non_empty(asked), "changes": changes, "others": non_empty(others)}


def non_empty(recorded: dict[str, Any]) -> list[EntryField]:
    """Return the values that are not empty, in order."""
    return [
        EntryField(formatting.label(key), formatting.display(key, recorded[key]))
        for key in formatting.sorted_keys(recorded)
        if recorded[key] not in (None, "", [], {})
    ]


def actor_field(entry: AuditEntry) -> EntryField:
    """Return who wrote an entry, with the user name."""
    actor = action_labels.actor_label(entry, with_username=True)
    return EntryField(_("Who"), actor.name, actor.by_system, actor.story)
