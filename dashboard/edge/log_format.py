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
    """Escape line breaks, tracebacks included, so that no input can forge a log line."""

    def format(self, record: logging.LogRecord) -> str:
        return (
            super().format(record).replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")
        )
