"""Makes text and JSON fit for a column: nothing a database refuses, no more than fits."""

import math
import unicodedata
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

# Characters that reorder what stands around them could make one entry read like another.
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LONGEST = 1000  # characters of one text inside JSON


def plain(text: object, limit: int) -> str:
    """Return ``text`` on one line, without control characters, at most ``limit`` characters long.

    PostgreSQL stores no NUL, and neither database stores half of a surrogate pair.
    """
    # Nothing beyond four times the limit is looked at: a header may be long.
    taken = str(text)[: limit * 4]
    if not taken.isprintable():  # all that _shown changes is not printable to Python either
        taken = "".join(map(_shown, taken))
    return taken[:limit].strip()


def _shown(character: str) -> str:
    if character in "\t\n\r\v\f\u2028\u2029":
        return " "
    if character in _REORDERING or unicodedata.category(character) in ("Cc", "Cs"):
        return ""
    return character


def json(value: object) -> Json:
    """Return ``value`` as JSON that both databases store; moments become ISO 8601 in UTC.

    Raises ``TypeError`` for anything that has no plain form.
    """
    if isinstance(value, Mapping):
        return {plain(key, 100): json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json(item) for item in value]
    return _scalar(value)


def _scalar(value: object) -> Json:
    if isinstance(value, str):
        return plain(value, _LONGEST)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"the audit log cannot store {value!r:.40}")
