"""Format of the log: one line per record, with the id of its request."""

from __future__ import annotations

import contextvars
import logging

current_request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")


class RequestIdFilter(logging.Filter):
    """Add ``request_id`` to every record; "-" outside a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django logs a refused request after it has ended; such a record carries the request.
        request = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", current_request_id.get())
        return True


class OneLineFormatter(logging.Formatter):
    """Escape all that is not printable, tracebacks included, as in Python's literals.

    Line breaks could forge a log line, and control or bidirectional characters what a terminal
    shows of it.
    """

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record).replace("\\", "\\\\")
        if text.isprintable():
            return text
        escaped = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        return "".join(escaped)
