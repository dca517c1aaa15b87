"""Format of the log: one line per record, with the id of its request, for people or machines."""

import contextvars
import json
import logging
import re

# What PostgreSQL quotes of a row or a statement, up to the end of its error: uids, clients.
QUOTED = re.compile(
    r"\s(DETAIL|LINE \d+): .*?(?=\n\n(The above|During handling)|\nTraceback \(|\Z)", re.DOTALL
)

current_request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")


def add_request_id(record: logging.LogRecord) -> bool:
    """Add ``request_id`` to every record, as a filter; "-" outside a request."""
    # Django logs a refused request after it has ended; such a record carries the request.
    request = getattr(record, "request", None)
    record.request_id = getattr(request, "request_id", current_request_id.get())
    return True


def warn_of_refusal(record: logging.LogRecord) -> bool:
    """Turn what is refused, with a status from 400 to 499, into a warning without a traceback.

    Any client can send such requests, as one with too many fields; there is nothing to mend.
    """
    is_refused = 400 <= getattr(record, "status_code", 0) < 500
    if is_refused or record.name.startswith("django.security."):
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
    return True


class OneLineFormatter(logging.Formatter):
    """Escape all that is not printable, tracebacks included, as in Python's literals.

    Line breaks could forge a log line, and control or bidirectional characters what a terminal
    shows of it.
    """

    def format(self, record: logging.LogRecord) -> str:
        text = QUOTED.sub("", super().format(record)).replace("\\", "\\\\")
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class JsonFormatter(logging.Formatter):
    """Write a JSON object per line, in ASCII, so that no text can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        members = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": QUOTED.sub("", record.getMessage()),
        }
        if record.exc_info:
            members["traceback"] = QUOTED.sub("", self.formatException(record.exc_info))
        return json.dumps(members)


def log_format(text: str) -> str:
    """Read LOG_FORMAT: the name of a formatter in ``settings.LOGGING``. Raises ValueError."""
    if text not in ("plain", "json"):
        raise ValueError(f"must be plain or json, not {text!r}.")
    return text
