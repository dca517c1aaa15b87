"""Keeps the HTTP libraries from logging: below WARNING they print whole addresses and headers."""

from __future__ import annotations

import logging

LOGGERS = (
    "httpx",
    "httpcore",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)


def keep_quiet() -> None:
    """Keep those loggers at WARNING, also where a level is set on them later."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.addFilter(_is_warning)  # adding it again changes nothing


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
