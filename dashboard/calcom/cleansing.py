"""Takes secrets and unprintable characters out of words that come from the wire.

cal.com's messages echo the uid ("Slot with uid=… not found"), the bearer token ("… access
token=…") and the path, so every text is cleansed by the values of its own call and by pattern.
"""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
SHORT = 6  # below this length a secret is hidden only where it stands as a word of its own

WORD = r"[^\s\"',;)]+"
PATTERNS = (
    re.compile(rf"""((?:uid|access[ _]token|secret|key)["']?\s*[=:]\s*["']?){WORD}""", re.I),
    re.compile(rf"(\b(?:bearer|basic)\s+){WORD}", re.I),
    re.compile(rf"(reservations/){WORD}", re.I),
    re.compile(r"(Unexpected token ).*(?= is not valid JSON)", re.I),  # a piece of the body
    re.compile(r"()\bcal_[\w-]+", re.I),
    re.compile(r"()[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I),
)


def plain(text: str, limit: int) -> str:
    """The text on one line, without control characters, at most ``limit`` characters long."""
    visible = "".join(sign if sign.isprintable() else " " for sign in text)
    words = " ".join(visible.split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def hide(text: str, secrets: tuple[str, ...]) -> str:
    """The text without the secrets, in any of their written forms."""
    for secret in secrets:
        for form in _forms(secret):
            text = _pattern_of(form).sub(HIDDEN, text)
    return text


def cleanse(text: str, secrets: tuple[str, ...], limit: int = 300) -> str:
    """The text on one line without the secrets and without whatever looks like one.

    Unprintable characters go first, so that none can split a secret, and the cut comes last.
    """
    words = hide(plain(text, len(text) + 1), secrets)
    for pattern in PATTERNS:
        words = pattern.sub(rf"\1{HIDDEN}", words)
    return plain(words, limit)


def _forms(secret: str) -> list[str]:
    if not secret:
        return []
    quoted = (quote(secret, safe="", errors="replace"), quote(secret, errors="replace"))
    forms = {secret, *quoted, quote_plus(secret, errors="replace")}
    return sorted(forms, key=len, reverse=True)


def _pattern_of(form: str) -> re.Pattern[str]:
    exact = re.escape(form)
    return re.compile(exact if len(form) >= SHORT else rf"(?<![\w-]){exact}(?![\w-])", re.I)
