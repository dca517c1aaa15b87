"""Make text and JSON storable: no character that a database refuses, no more than fits."""

import math
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

# Characters that reorder the text around them could make one entry look like another.
BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
MAX_JSON_TEXT = 1000  # characters of one text
MAX_JSON_KEY = 100


def one_line(text: object, limit: int) -> str:
    """Return ``text`` on one line, without control characters, of at most ``limit`` characters.

    PostgreSQL stores no NUL, and neither database stores half of a surrogate pair.
    """
    # A header may be long, so only four times the limit is examined.
    taken = str(text)[: limit * 4]
    if not taken.isprintable():  # a printable text has no character that needs replacing
        taken = "".join(map(printable, taken))
    return taken[:limit].strip()


def printable(character: str) -> str:
    """Return the character, a space for a line break or tab, or "" for a control character."""
    if character in "\t\n\r\v\f\u2028\u2029":
        return " "
    if character in BIDI_CONTROLS or unicodedata.category(character) in ("Cc", "Cs"):
        return ""
    return character


def to_json(value: object) -> Json:
    """Return ``value`` as JSON that both databases store; datetimes become ISO 8601 in UTC.

    Raises TypeError for a value without a JSON form.
    """
    if isinstance(value, Mapping):
        return {one_line(key, MAX_JSON_KEY): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, str):
        return one_line(value, MAX_JSON_TEXT)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        # PostgreSQL returns 1e20 as an integer, and both must hash alike.
        return int(value) if value.is_integer() else value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"the audit log cannot store {value!r:.40}")
