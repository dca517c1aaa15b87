"""Hashes that prove what the audit log held, in a form that anyone can recompute.

Each entry has a *content hash*, and a *link* for its place in the chain:

    content hash = SHA-256 of the entry as JSON: all columns that are not empty, without ``id`` and
                   ``content_hash``, keys sorted, no spaces, characters beyond ``~`` as \\uXXXX
    link hash    = SHA-256 of "PREVIOUS POSITION ID CONTENT": the hash of the link before ("" for
                   the first), the position (1, 2, …), the entry's id and its content hash

Both are hexadecimal. The application computes the content hash; a database trigger
(:mod:`dashboard.audit.triggers`) adds the link, so that concurrent writers make one chain.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from dashboard.audit.stored_rows import JSON_COLUMNS, NOT_HASHED

if TYPE_CHECKING:
    from dashboard.audit.models import AuditEntry

FIRST = ""  # hash before the first link
OTHERS = re.compile(r"[^\x00-\x7e]+")  # characters that ``canonical`` escapes


def sha256(text: str) -> str:
    """Return the hash of a text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


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


def quick_hash(names: Sequence[str], row: Sequence[Any]) -> str:
    """Return the same as ``documented_hash``, by a JSON library in C.

    Where that library could read two forms alike, or writes numbers in another form, return the
    hash of no entry.
    """
    columns = {
        name: value
        for name, value in zip(names, row, strict=False)
        if value is not None and value != ""
    }
    try:
        columns["at"] = moment(columns["at"])
        columns["action_id"] = dashed(columns["action_id"])
        for name in JSON_COLUMNS:
            if form := sorted_json(columns.pop(name)):
                columns[name] = form
        whole = orjson.dumps(columns, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, AttributeError, KeyError):
        return ""
    return hashlib.sha256(whole if whole.isascii() else in_ascii(whole)).hexdigest()


@lru_cache(maxsize=1000)  # most are those of another entry of the same hold
def sorted_json(text: str) -> orjson.Fragment | None:
    """Return JSON as ``canonical`` writes it, None for what that leaves out.

    Raise ValueError where only Python's own library can tell.
    """
    value = orjson.loads(text)
    form = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    # It reads a repeated key once. Then quotes are missing, unless others were escaped.
    if "\\u0022" in text or form.count(b'"') != text.count('"'):
        raise ValueError("a key may be repeated")
    # It reads whole numbers beyond 64 bits as floats.
    if b"e+" in form:
        raise ValueError("a number may be another")
    return None if value in (None, "", {}) else orjson.Fragment(form)


def in_ascii(form: bytes) -> bytes:
    """Return JSON in UTF-8 with other characters as \\uXXXX."""
    return OTHERS.sub(lambda found: json.dumps(found[0])[1:-1], form.decode()).encode()


def documented_hash(names: Sequence[str], row: Sequence[Any]) -> str:
    """Return the hash of the same row by ``canonical``, "" for one that Django cannot have written.

    Nothing is converted that would make values equal that are stored in different forms.
    """
    columns = dict(zip(names, row, strict=False))
    try:
        columns["at"] = moment(columns["at"])
        columns["action_id"] = dashed(columns["action_id"])
        for name in JSON_COLUMNS:
            columns[name] = JSON.decode(columns[name])  # takes no bytes
        return sha256(canonical(columns))
    except (TypeError, ValueError, RecursionError):
        return ""


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; raise ValueError for one that has a key twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


JSON = json.JSONDecoder(object_pairs_hook=without_twins)


def dashed(action_id: uuid.UUID | str) -> str:
    """Return an action id as ``plain`` does; SQLite gives it as 32 hexadecimal digits."""
    if isinstance(action_id, str) and len(action_id) == 32:
        parts = (action_id[:8], action_id[8:12], action_id[12:16], action_id[16:20])
        return f"{'-'.join(parts)}-{action_id[20:]}"
    return str(action_id)


def moment(text: str) -> str:
    """Return a moment that was read as text, in UTC, as ``plain`` does.

    Raise ValueError for a text that neither Django nor PostgreSQL writes so.
    """
    if text[10:11] != " ":
        raise ValueError("no space between date and time")
    if len(text) == 26 and text[20:] != "000000":
        return f"{text[:10]}T{text[11:]}Z"
    at = datetime.fromisoformat(text)
    if at.tzinfo or not str(at).startswith(text):  # PostgreSQL omits zeros at the end of a fraction
        raise ValueError("another form of a moment")
    return plain(at.replace(tzinfo=UTC))
