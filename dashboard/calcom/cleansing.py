"""Keep secrets and unprintable characters out of messages and logs.

cal.com's messages echo the uid ("Slot with uid=… not found"), the bearer token ("… access
token=…") and the path, so every text is cleansed by the values of its own call and by pattern.
"""

import logging
import re
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
SHORT = 6  # below this length a secret is hidden only where it stands as a word of its own

WORD = r"[^\s\"',;)]+"
PATTERNS = (
    re.compile(rf"""((?:uid|access[ _]token|secret|key)["']?\s*[=:]\s*["']?){WORD}""", re.I),
    re.compile(rf"(\b(?:bearer|basic)\s+){WORD}", re.I),
    re.compile(rf"(reservations/){WORD}", re.I),
    # a piece of the body; from the first such words on, in a time that grows with the text
    re.compile(r"\A((?>.*?Unexpected token )).*(?= is not valid JSON)", re.I),
    re.compile(r"()\bcal_[\w-]+", re.I),
    re.compile(r"()[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I),
)
# Below WARNING they print whole addresses and headers.
LAYERS = ("connection", "http11", "http2", "proxy", "socks")
LOGGERS = ("httpx", "httpcore", *(f"httpcore.{layer}" for layer in LAYERS))


def plain(text: str, limit: int) -> str:
    """Return the text on one line, without control characters, at most ``limit`` characters."""
    visible = "".join(sign if sign.isprintable() else " " for sign in text)
    words = " ".join(visible.split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def hide(text: str, secrets: tuple[str, ...]) -> str:
    """Return the text without the secrets, in any of their written forms."""
    for secret in filter(None, secrets):
        quoted = (quote(secret, safe="", errors="replace"), quote(secret, errors="replace"))
        forms = {secret, *quoted, quote_plus(secret, errors="replace")}
        for form in sorted(forms, key=len, reverse=True):
            exact = re.escape(form)
            pattern = exact if len(form) >= SHORT else rf"(?<![\w-]){exact}(?![\w-])"
            text = re.sub(pattern, HIDDEN, text, flags=re.I)
    return text


def cleanse(text: str, secrets: tuple[str, ...], limit: int = 300) -> str:
    """Return the text on one line without the secrets and without all that looks like one.

    Unprintable characters go first, so that none can split a secret, and the cut comes last.
    """
    words = hide(plain(text, len(text) + 1), secrets)
    for pattern in PATTERNS:
        words = pattern.sub(rf"\1{HIDDEN}", words)
    return plain(words, limit)


def quieten_libraries() -> None:
    """Keep the loggers of the HTTP libraries at WARNING, also where a level is set later."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.addFilter(is_warning)  # adding it again changes nothing


def is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
