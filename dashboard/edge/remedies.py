"""Kinds of faults between the browser and Holdfast, and the line that mends each, by proxy."""

import tomllib
from enum import StrEnum
from pathlib import Path


class Fault(StrEnum):
    """Kind of a fault. Of each, the log has one warning a minute."""

    UNTRUSTED_PEER = "untrusted proxy"
    FOREIGN_HOST = "other host"
    LOST_PORT = "lost port"
    NO_SCHEME = "no scheme"
    WRONG_SCHEME = "wrong scheme"
    NO_CLIENT = "no client address"
    FORGED_CLIENT = "client address of the client's choice"
    FORGED_REQUEST_ID = "request id of the client's choice"
    FORGED_USER = "person of the client's choice"
    CONTRADICTION = "Forwarded contradicts X-Forwarded-*"
    REMOVED_PREFIX = "removed path"
    OTHER_PREFIX = "other path"
    DOUBLE_PREFIX = "doubled path"
    NULL_ORIGIN = "no origin"
    OTHER_ORIGIN = "other origin"
    LOST_BODY = "lost form"
    REFUSED_BODY = "refused form"
    LOST_COOKIES = "lost cookies"
    REWRITTEN_ERRORS = "rewritten errors"
    STORED_PAGES = "stored pages"
    BUFFERING = "buffered answers"
    REDIRECT_LOOP = "redirect loop"
    REDIRECT = "redirect"
    OTHER_SITE = "other site"
    UNREACHABLE = "unreachable"


LINES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def remedies(fault: Fault, **values: str) -> dict[str, str]:
    """Return the line that mends a fault for each proxy, with the values filled in."""
    lines: dict[str, str] = LINES.get(fault, {}).copy()
    for name, value in values.items():
        lines = {proxy: line.replace(f"<{name}>", value) for proxy, line in lines.items()}
    return lines
