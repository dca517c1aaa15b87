"""Hashes that prove what the audit log held, in a form that a stranger can recompute.

Each entry has a *content hash*, and a *link* for its place in the chain:

    content hash = SHA-256 of the entry as JSON: all columns that are not empty, without ``id`` and
                   ``content_hash``, keys sorted, no spaces, characters beyond ASCII as \\uXXXX
    link hash    = SHA-256 of "PREVIOUS POSITION ID CONTENT": the hash of the link before ("" for
                   the first), the position (1, 2, …), the entry's id and its content hash

Both are hexadecimal. The application computes the content hash; a database trigger
(:mod:`dashboard.audit.triggers`) adds the link, so that concurrent writers make one chain.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef

if TYPE_CHECKING:
    from dashboard.audit.models import AuditEntry, AuditLink

FIRST = ""  # hash before the first link
BATCH = 2000  # links that are read at once
NOT_HASHED = {"id", "content_hash"}


def sha256(text: str) -> str:
    """Return the hash of a text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(columns: Mapping[str, Any]) -> str:
    """Return the canonical form of an entry, given by the names of its columns."""
    filled = {
        name: value
        for name, value in columns.items()
        if name not in NOT_HASHED and value not in (None, "", {})
    }
    return json.dumps(filled, sort_keys=True, separators=(",", ":"), default=plain)


def plain(value: object) -> str:
    """Return a moment in UTC with microseconds, or an action's id, as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"no entry has a {type(value).__name__}")


def content_hash(entry: AuditEntry) -> str:
    """Return the hash of what an entry says."""
    fields = entry._meta.concrete_fields
    return sha256(canonical({field.attname: getattr(entry, field.attname) for field in fields}))


def link_hash(previous: str, position: int, entry_id: int, content: str) -> str:
    """Return the hash of one link, from the hash of the link before."""
    return sha256(f"{previous} {position} {entry_id} {content}")


@dataclass(frozen=True, slots=True)
class Fault:
    """The first difference between the log and its chain.

    ``kind`` is ``changed``, ``removed`` or ``inserted`` for an entry, and ``broken`` for the chain
    itself. ``entry_id`` is None where the link of the entry is missing.
    """

    kind: str
    position: int | None
    entry_id: int | None


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of a verification: the positions that were compared, and the first fault or None."""

    first: int
    last: int  # first - 1 if there was none
    last_hash: str
    is_whole: bool  # up to the end of the log
    fault: Fault | None

    @property
    def count(self) -> int:
        return self.last - self.first + 1


def verify(
    links: Any, entries: Any, *, after: int = 0, known: str = FIRST, is_due: Any = lambda: False
) -> Verification:
    """Compare entries with the chain, from the position ``after`` on, whose hash was ``known``.

    ``links`` and ``entries`` are query sets. Stops early once ``is_due()``, asked every BATCH.
    """
    position, previous = after, known
    if after:
        link = links.filter(position=after).first()
        if link is None or link.hash != known:
            fault = Fault("broken" if link else "removed", after, link and link.entry_id)
            return Verification(after + 1, after, known, False, fault)
    while batch := list(links.filter(position__gt=position).order_by("position")[:BATCH]):
        ids = [link.entry_id for link in batch]
        found = {columns["id"]: columns for columns in entries.filter(pk__in=ids).values()}
        for link in batch:
            kind = _compare(link, position + 1, previous, found.get(link.entry_id))
            if kind:
                fault = Fault(kind, link.position, link.entry_id)
                return Verification(after + 1, position, previous, False, fault)
            position, previous = link.position, link.hash
        if is_due():
            return Verification(after + 1, position, previous, False, None)
    stray = first_without_link(links, entries)
    inserted = Fault("inserted", None, stray) if stray else None
    return Verification(after + 1, position, previous, stray is None, inserted)


def _compare(
    link: AuditLink, position: int, previous: str, columns: Mapping[str, Any] | None
) -> str:
    """Return the kind of fault of one link and its entry, or "" if both are intact."""
    if link.position != position:
        return "removed"
    if link.hash != link_hash(previous, position, link.entry_id, link.content_hash):
        return "broken"
    if columns is None:
        return "removed"
    return "" if sha256(canonical(columns)) == link.content_hash else "changed"


def first_without_link(links: Any, entries: Any) -> int | None:
    """Return the id of the first entry that the chain does not contain."""
    linked = links.filter(entry_id=OuterRef("pk"))
    stray: int | None = (
        entries.filter(~Exists(linked)).order_by("pk").values_list("pk", flat=True).first()
    )
    return stray


def links_of(rows: Iterator[tuple[int, str]], previous: str, position: int) -> Iterator[Any]:
    """Yield position, id, content hash and link hash of entries that have no link yet.

    ``rows`` are ids and content hashes; the chain so far ends at ``position`` with ``previous``.
    """
    for entry_id, content in rows:
        position += 1
        previous = link_hash(previous, position, entry_id, content)
        yield position, entry_id, content, previous
